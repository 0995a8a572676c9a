"""The entry's bytes, and how data is bound to them."""

from __future__ import annotations

import base64
import hashlib
import json

from hypothesis import given
from hypothesis import strategies as st

from governance_console.entries import identity, is_same, make_item
from governance_console.events import parse_json
from governance_console.limits import MAX_ATTRIBUTE_BYTES, MAX_ENTRY_BYTES

RECORDED = "2026-11-22T10:00:00.123456Z"
SALT = bytes(range(16))


def test_the_bytes_are_exactly_those_of_the_design() -> None:
    body = b'{"type":"agent.tool.call","id":"e","source":"planner-7","specversion":"1.0","data":{"a": 1}}'
    (event,) = parse_json(body, lambda place: "")
    item = make_item(17, RECORDED, "agent:planner-7", event, SALT)
    hashed = base64.b64encode(hashlib.sha256(SALT + b'{"a": 1}').digest())
    assert item.entry == (
        b'{"seq":17,"recorded":"2026-11-22T10:00:00.123456Z","principal":"agent:planner-7","category":"tool",'
        b'"severity":"info","event":{"id":"e","source":"planner-7","specversion":"1.0","type":"agent.tool.call"},'
        b'"data_hash":"' + hashed + b'"}'
    )
    assert (item.salt, item.data, item.data_is_json) == (SALT, b'{"a": 1}', True)


def test_without_data_there_is_no_hash_and_no_salt() -> None:
    (event,) = parse_json(b'{"type":"t","source":"s"}', lambda place: "e")
    item = make_item(0, RECORDED, "operator", event, SALT)
    assert "data_hash" not in json.loads(item.entry)
    assert (item.salt, item.data) == (None, None)


def test_the_largest_attributes_make_an_entry_that_can_be_proved() -> None:
    room = MAX_ATTRIBUTE_BYTES - len('{"id":"e","source":"s","specversion":"1.0","subject":"","type":"t"}')
    body = json.dumps({"type": "t", "source": "s", "id": "e", "subject": "x" * room, "data": 1}).encode()
    (event,) = parse_json(body, lambda place: "")
    assert len(event.attributes) == MAX_ATTRIBUTE_BYTES
    assert len(make_item(2**53, RECORDED, "operator:" + "x" * 320, event, SALT).entry) <= MAX_ENTRY_BYTES


@given(st.text(), st.text(), st.text(), st.text(), st.text(), st.text())
def test_identity_differs_where_any_of_the_three_does(a: str, b: str, c: str, x: str, y: str, z: str) -> None:
    three, other = [[part.replace("\0", "") for part in parts] for parts in ((a, b, c), (x, y, z))]
    try:
        found, others = identity(*three), identity(*other)
    except UnicodeEncodeError:
        return  # half of a surrogate pair never gets this far
    assert (found == others) == (three == other)


def test_an_event_whose_data_was_erased_is_recognised_by_its_attributes() -> None:
    (event,) = parse_json(b'{"type":"t","source":"s","id":"e","data":1}', lambda place: "")
    (other,) = parse_json(b'{"type":"t","source":"s","id":"e","data":2}', lambda place: "")
    item = make_item(0, RECORDED, "operator", event, SALT)
    assert is_same(item.entry, item.salt, event)
    assert not is_same(item.entry, item.salt, other)
    assert is_same(item.entry, None, event)
