"""Every accepted form of an event, and every way in which one is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance_console import events, jsontext, typed
from governance_console.attributes import Event, Faulty
from governance_console.errors import InputError, Malformed, TooLarge, Unacceptable
from tests.test_jsontext import json_values

STRICT = {"specversion": "1.0", "id": "1", "source": "planner-7", "type": "agent.tool.call"}
LENIENT = {"source": "planner-7", "type": "agent.tool.call"}


def made(place: int) -> str:
    return f"made-{place}"


def parsed(value: Any) -> Event:
    (event,) = events.parse_json(json.dumps(value).encode(), made)
    return event


def attributes(event: Event) -> dict[str, Any]:
    found = json.loads(event.attributes)
    assert isinstance(found, dict)
    return found


def data(event: Event) -> Any:
    return None if event.data is None else json.loads(event.data.content)


# --- lenient ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "source", "event_type", "left"),
    [
        ({"source": "a", "type": "t"}, "a", "t", None),
        ({"agent": "a", "event": "t"}, "a", "t", None),
        ({"origin": "a", "action": "t"}, "a", "t", None),
        ({"source": "a", "agent": "b", "type": "t", "event": "u"}, "a", "t", {"agent": "b", "event": "u"}),
        ({"source": None, "agent": "b", "type": "t"}, "b", "t", {"source": None}),
        ({"agent": "a", "type": "t", "data": {"x": 1}}, "a", "t", {"x": 1}),
        ({"agent": "a", "type": "t", "data": None}, "a", "t", None),
        ({"agent": "a", "type": "t", "data": {"x": 1}, "y": 2}, "a", "t", {"data": {"x": 1}, "y": 2}),
        ({"agent": "a", "type": "t", "status": "ok"}, "a", "t", {"status": "ok"}),
    ],
)
def test_lenient_keys_become_attributes_and_the_rest_is_data(
    sent: dict[str, Any], source: str, event_type: str, left: Any
) -> None:
    event = parsed(sent)
    assert (event.source, event.type, data(event)) == (source, event_type, left)
    assert attributes(event) == {"specversion": "1.0", "id": "made-0", "source": source, "type": event_type}


@pytest.mark.parametrize(
    ("key", "value", "attribute", "held"),
    [
        ("id", "e-1", "id", "e-1"),
        ("id", 5, "id", "5"),
        ("subject", "order 1", "subject", "order 1"),
        ("category", "drift", "category", "drift"),
        ("severity", "error", "severity", "error"),
        ("trace_id", "abc", "traceid", "abc"),
        ("trace_id", True, "traceid", "true"),
        ("trace_id", 1.50, "traceid", "1.5"),
    ],
)
def test_lenient_scalars_become_attributes(key: str, value: Any, attribute: str, held: str) -> None:
    event = parsed({**LENIENT, key: value})
    assert attributes(event)[attribute] == held
    assert event.data is None


@pytest.mark.parametrize("value", [{}, [], "", None])
@pytest.mark.parametrize("key", ["id", "subject", "category", "severity", "trace_id"])
def test_what_holds_no_scalar_stays_in_data(key: str, value: Any) -> None:
    event = parsed({**LENIENT, key: value})
    assert data(event) == {key: value}
    assert event.id == "made-0"


@pytest.mark.parametrize(
    ("key", "written", "time"),
    [
        ("time", "2026-11-22T10:00:00Z", "2026-11-22T10:00:00Z"),
        ("timestamp", "2026-11-22T10:00:00.5+02:00", "2026-11-22T10:00:00.5+02:00"),
        ("ts", "2025-10-31T05:41:43.181593", "2025-10-31T05:41:43.181593Z"),
        ("ts", "2025-10-31 05:41:43,181", "2025-10-31T05:41:43.181Z"),
        ("ts", "2025-10-31 05:41 UTC", "2025-10-31T05:41:00Z"),
        ("ts", "2025-10-31T05:41:43+0100", "2025-10-31T05:41:43+01:00"),
        ("ts", 0, "1970-01-01T00:00:00.000000Z"),
        ("ts", -6e10, "0068-09-03T13:20:00.000000Z"),
        ("ts", 1763805600, "2025-11-22T10:00:00.000000Z"),
        ("ts", 1763805600.25, "2025-11-22T10:00:00.250000Z"),
        ("ts", 1763805600250, "2025-11-22T10:00:00.250000Z"),
    ],
)
def test_times_are_read_as_loggers_write_them(key: str, written: Any, time: str) -> None:
    event = parsed({**LENIENT, key: written})
    assert attributes(event)["time"] == time
    assert event.data is None


@pytest.mark.parametrize(
    "written", ["", "yesterday", "2025-13-01T00:00:00Z", "2025-10-31", 1e300, True, [], "2025-10-31T05:41:43+99:99"]
)
def test_what_is_no_time_stays_in_data_and_none_is_invented(written: Any) -> None:
    event = parsed({**LENIENT, "ts": written})
    assert "time" not in attributes(event)
    assert data(event) == {"ts": written}


def test_an_unreadable_time_leaves_the_place_to_a_readable_one() -> None:
    event = parsed({**LENIENT, "time": "", "ts": "2026-11-22T10:00:00Z"})
    assert attributes(event)["time"] == "2026-11-22T10:00:00Z"
    assert data(event) == {"time": ""}


def test_data_is_kept_verbatim() -> None:
    body = b'{"agent":"a","type":"t","n": 1.0e2, "n" : 2 ,"s":"\\u00e9\\ud83d", "o":{ "z":1,"z":2 }}'
    (event,) = events.parse_json(body, made)
    assert event.data is not None
    assert event.data.content == b'{"n":1.0e2,"n":2,"s":"\\u00e9\\ud83d","o":{ "z":1,"z":2 }}'


# --- strict ----------------------------------------------------------------------------------------------------------


def test_a_cloudevent_keeps_its_extension_attributes() -> None:
    sent = {**STRICT, "time": "2026-11-22T10:00:00Z", "subject": "s", "traceid": "t", "sampled": True, "level": 3}
    event = parsed({**sent, "data": [1], "gone": None})
    assert attributes(event) == sent
    assert list(attributes(event)) == sorted(sent)
    assert data(event) == [1]


def test_data_base64_is_bytes() -> None:
    event = parsed({**STRICT, "data_base64": "AP8="})
    assert event.data is not None
    assert (event.data.content, event.data.is_json) == (b"\x00\xff", False)


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"id": None}, "/id"),
        ({"id": ""}, "/id"),
        ({"id": 5}, "/id"),
        ({"source": None}, "/source"),
        ({"source": ""}, "/source"),
        ({"type": ["t"]}, "/type"),
        ({"specversion": "0.3"}, "/specversion"),
        ({"specversion": 1}, "/specversion"),
        ({"time": "2026-11-22 10:00"}, "/time"),
        ({"time": "2026-02-30T10:00:00Z"}, "/time"),
        ({"time": 5}, "/time"),
        ({"subject": ""}, "/subject"),
        ({"datacontenttype": 1}, "/datacontenttype"),
        ({"trace_id": "x"}, "/trace_id"),
        ({"traceID": "x"}, "/traceID"),
        ({"": "x"}, "/"),
        ({"a/b~c": "x"}, "/a~1b~0c"),
        ({"ext": {"a": 1}}, "/ext"),
        ({"ext": [1]}, "/ext"),
        ({"ext": 1.5}, "/ext"),
        ({"ext": 2**63}, "/ext"),
        ({"data_base64": "%%%"}, "/data_base64"),
        ({"data_base64": 5}, "/data_base64"),
        ({"data": 1, "data_base64": "AA=="}, "/data_base64"),
    ],
)
def test_what_is_no_cloudevent_is_refused_naming_the_attribute(change: dict[str, Any], pointer: str) -> None:
    with pytest.raises(Unacceptable) as caught:
        parsed({**STRICT, **change})
    assert [(fault.item, fault.pointer) for fault in caught.value.faults] == [(0, pointer)]


@pytest.mark.parametrize("base", [STRICT, LENIENT])
@pytest.mark.parametrize("value", ["a\0b", "a\nb", "a\r\nSet-Cookie: x", "\x7f", "\x85"])
@pytest.mark.parametrize("key", ["source", "type", "id", "subject"])
def test_control_characters_in_an_attribute_are_refused(base: dict[str, Any], value: str, key: str) -> None:
    with pytest.raises(Unacceptable) as caught:
        parsed({**base, key: value})
    assert caught.value.faults[0].pointer == f"/{key}"


def test_other_scripts_and_bidi_controls_are_taken() -> None:
    assert parsed({**LENIENT, "subject": "日本語 \u202e עברית 🚀"}).data is None


@pytest.mark.parametrize("body", ['{"type":"a","type":"b","source":"s"}', '{"agent":"a","agent":"b","type":"t"}'])
def test_an_attribute_named_twice_is_refused(body: str) -> None:
    with pytest.raises(Unacceptable, match="twice"):
        events.parse_json(body.encode(), made)


def test_a_key_that_is_no_attribute_may_be_there_twice() -> None:
    (event,) = events.parse_json(b'{"agent":"a","type":"t","trace_id":"x","traceid":"y","traceid":"z"}', made)
    assert event.shown.traceid == "x"
    assert event.data is not None
    assert event.data.content == b'{"traceid":"y","traceid":"z"}'


@pytest.mark.parametrize("twice", ['"type":"u"', '"ext":1,"ext":1', '"data":1,"data":2', '"data_base64":"","data":2'])
def test_a_cloudevent_names_each_attribute_once(twice: str) -> None:
    body = '{"specversion":"1.0","id":"1","source":"s","type":"t",' + twice + "}"
    with pytest.raises(Unacceptable, match="twice"):
        events.parse_json(body.encode(), made)


def test_at_most_a_hundred_faults_are_told() -> None:
    with pytest.raises(Unacceptable) as caught:
        events.parse_json(b"[" + b",".join([b"{}"] * 500) + b"]", made)
    assert len(caught.value.faults) == 100


def test_what_is_no_json_near_the_end_is_told_as_that_and_not_as_too_many() -> None:
    with pytest.raises(Malformed, match="out of range"):
        events.parse_json(b'[{"a":1,"a":2},' + b"{}," * 6_000 + b'{"a":1e999}]', made)


def test_half_a_surrogate_pair_in_an_attribute_is_refused() -> None:
    with pytest.raises(Unacceptable, match="surrogate"):
        events.parse_json(b'{"source":"\\ud800","type":"t"}', made)


# --- requests --------------------------------------------------------------------------------------------------------


def test_every_item_at_fault_is_named() -> None:
    sent = [LENIENT, {"source": "a"}, 5, {"type": "t"}]
    with pytest.raises(Unacceptable) as caught:
        events.parse_json(json.dumps(sent).encode(), made)
    assert [(fault.item, fault.pointer) for fault in caught.value.faults] == [(1, "/type"), (2, ""), (3, "/source")]


def test_strict_and_lenient_may_stand_in_one_array() -> None:
    first, second = events.parse_json(json.dumps([STRICT, LENIENT]).encode(), made)
    assert (first.id, second.id) == ("1", "made-1")


def test_structured_and_batch_take_their_own_form_only() -> None:
    one, many = json.dumps(STRICT).encode(), json.dumps([STRICT]).encode()
    assert events.parse_structured(one, made) == events.parse_batch(many, made)
    for parse, body in ((events.parse_structured, many), (events.parse_batch, one)):
        with pytest.raises(Unacceptable):
            parse(body, made)
    with pytest.raises(Unacceptable):
        events.parse_structured(json.dumps(LENIENT).encode(), made)


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ([LENIENT] * 10_001, "more than 10000 events"),
        ({**LENIENT, "data": "x" * 1024 * 1024}, "bytes of data"),
        ({**LENIENT, "subject": "x" * 48_000}, "bytes of attributes"),
        ({**STRICT, "ext": "é" * 24_000}, "bytes of attributes"),
    ],
)
def test_limits_are_told_with_their_numbers(value: Any, says: str) -> None:
    with pytest.raises(TooLarge, match=says):
        parsed(value)


def test_at_the_limits_events_are_taken() -> None:
    assert len(events.parse_json(json.dumps([LENIENT] * 10_000).encode(), made)) == 10_000
    assert parsed({**LENIENT, "data": "x" * (1024 * 1024 - 2)}).data is not None


# --- binary mode -----------------------------------------------------------------------------------------------------

BINARY = [("ce-specversion", "1.0"), ("Ce-Id", "1"), ("CE-Source", "planner-7"), ("ce-type", "t")]


def test_binary_mode_takes_attributes_from_headers_and_data_from_the_body() -> None:
    headers = [*BINARY, ("ce-subject", "gr%C3%BC%C3%9Fe%20%22x%22"), ("Accept", "*/*")]
    (event,) = events.parse_binary(headers, "text/plain", b"\xff")
    assert attributes(event) == {
        "specversion": "1.0",
        "id": "1",
        "source": "planner-7",
        "type": "t",
        "subject": 'grüße "x"',
        "datacontenttype": "text/plain",
    }
    assert event.data is not None
    assert (event.data.content, event.data.is_json) == (b"\xff", False)


@pytest.mark.parametrize("content_type", ["application/json", "application/vnd.x+json; charset=utf-8", "text/json"])
def test_binary_mode_with_json_is_json(content_type: str) -> None:
    (event,) = events.parse_binary(BINARY, content_type, b' {"ok": false} ')
    assert event.data is not None
    assert (event.data.content, event.data.is_json, event.shown.severity) == (b'{"ok": false}', True, "error")
    with pytest.raises(Malformed):
        events.parse_binary(BINARY, content_type, b"{")


def test_binary_mode_without_a_body_has_no_data() -> None:
    assert events.parse_binary(BINARY, None, b"")[0].data is None


@pytest.mark.parametrize(
    "header",
    [("ce-type", "again"), ("ce-datacontenttype", "x"), ("ce-subject", "%ff"), ("ce-a_b", "x"), ("ce-", "x")],
)
def test_binary_mode_refuses_headers_at_fault(header: tuple[str, str]) -> None:
    with pytest.raises(Unacceptable):
        events.parse_binary([*BINARY, header], None, b"")


# --- whatever comes in -----------------------------------------------------------------------------------------------

keys = st.sampled_from(
    "specversion id source type time data data_base64 agent event ts trace_id subject severity category x".split()
)
objects = st.dictionaries(keys | st.text(max_size=5), json_values | st.sampled_from(["1.0", "a", "AA=="]), max_size=8)


bodies = (
    st.binary()
    | st.text().map(str.encode)
    | (objects | st.lists(objects, max_size=3)).map(lambda value: json.dumps(value).encode())
)


@given(bodies)
def test_whatever_bytes_come_in_are_events_or_a_documented_error(body: bytes) -> None:
    for parse in (events.parse_json, events.parse_structured, events.parse_batch):
        try:
            found = parse(body, made)
        except InputError:
            continue
        assert all(json.loads(event.attributes)["source"] == event.source for event in found)


@given(
    st.lists(st.tuples(st.sampled_from(["ce-id", "ce-type", "ce-source", "ce-x", "ce-time"]), st.text())), st.binary()
)
def test_whatever_binary_mode_brings_is_an_event_or_a_documented_error(
    headers: list[tuple[str, str]], body: bytes
) -> None:
    for content_type in (None, "application/json", "text/plain"):
        try:
            (event,) = events.parse_binary([("ce-specversion", "1.0"), *headers], content_type, body)
        except InputError:
            continue
        assert event.id and event.source and event.type


# --- read with types, or taken apart ---------------------------------------------------------------------------------

PLAIN = '{"specversion": "1.0", "id": "1", "source": "s", "type": "agent.tool.call", "time": "2026-11-22T10:00:00Z"}'


def taken_apart(text: str) -> Event | str:
    """What the slow way makes of an event, or why it refuses it."""
    (item,) = jsontext.items(text)
    assert item.members is not None
    try:
        return events._strict(item.members, "")
    except Faulty as fault:
        return fault.detail


known = st.sampled_from([*typed._CloudEvent.__struct_fields__, "data", "x"])
attribute_texts = st.one_of(
    st.text(max_size=8),
    st.sampled_from(["1.0", "a", "é", "\x7f", "\x80", "", '"', "\\", "2026-11-22T10:00:00Z", "\ud800"]),
)


@given(
    st.lists(st.tuples(known, attribute_texts | json_values), max_size=3),
    st.sampled_from([(",", ":"), (", ", ": "), (" ,\t", " : ")]),
    st.booleans(),
    st.booleans(),
)
def test_an_event_read_with_types_is_the_one_that_is_taken_apart(
    more: list[tuple[str, Any]], separators: tuple[str, str], ascii_only: bool, replacing: bool
) -> None:
    members = list(json.loads(PLAIN).items())
    if replacing:
        members = [*(dict(members) | dict(more)).items()]
    else:
        members += more
    comma, colon = separators

    def written(value: Any) -> str:
        return json.dumps(value, ensure_ascii=ascii_only, separators=separators)

    text = "{" + comma.join(f"{written(key)}{colon}{written(value)}" for key, value in members) + "}"
    try:
        encoded = text.encode()
    except UnicodeEncodeError:
        return  # no body holds half of a surrogate pair
    found = typed.read(encoded)
    assert found is None or found == taken_apart(text)


@pytest.mark.parametrize(
    "text",
    [
        PLAIN,
        PLAIN.replace(" ", ""),
        PLAIN.replace("}", ', "data": {"a": [1.50, "\\u00e9\\""], "a": 2}}'),
        PLAIN.replace("}", ', "subject": "Prüfung", "traceid": "t", "data": null}'),
        PLAIN.replace('"s"', '"\\u0073"'),
    ],
)
def test_ordinary_events_are_read_with_types(text: str) -> None:
    found = typed.read(text.encode())
    assert found is not None
    assert found == taken_apart(text)


@pytest.mark.parametrize(
    "members",
    [
        '"id": "2"',
        '"data": 1, "data": 2',
        '"subject": null',
        '"subject": ""',
        '"subject": "\\u0000"',
        '"subject": "\\u0022\\u0022", "subject": "x"',
        '"subject": "\x7f"',
        '"subject": "\x80"',
        '"extension": "e"',
        '"traceid": 5',
        '"data_base64": "AA=="',
        '"data": 1e999',
        '"data": NaN',
        '"data": ' + "[" * 129 + "]" * 129,
        '"time": "2026-02-30T10:00:00Z", "time": "2026-02-20T10:00:00Z"',
        f'"subject": "{"x" * 48_000}"',
        f'"data": "{"x" * 1024 * 1024}"',
    ],
)
def test_whatever_else_there_is_about_an_event_it_is_taken_apart(members: str) -> None:
    assert typed.read(PLAIN.replace("}", f", {members}}}").encode()) is None


@pytest.mark.parametrize("time", ["2026-02-30T10:00:00Z", "2026-11-22", "2026-11-22T24:00:00Z"])
def test_a_time_that_is_none_is_left_to_be_refused(time: str) -> None:
    assert typed.read(PLAIN.replace("2026-11-22T10:00:00Z", time).encode()) is None
