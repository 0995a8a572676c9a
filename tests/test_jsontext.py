from __future__ import annotations

import json
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from governance_console import jsontext
from governance_console.errors import Malformed
from governance_console.limits import MAX_DEPTH

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
white_space = st.sampled_from([None, 1, "\t"])


@settings(max_examples=40)
@given(st.dictionaries(st.text(), json_values, max_size=6), white_space, st.booleans())
def test_an_object_is_taken_apart_and_put_together_without_losing_anything(
    value: dict[str, object], indent: int | str | None, ascii_only: bool
) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    (item,) = jsontext.items(text)
    assert item.members is not None
    assert {member.key: member.value for member in item.members} == value
    assert all(member.text.decode() in text and member.key_text.decode() in text for member in item.members)
    assert json.loads(jsontext.object_text(item.members)) == value


@settings(max_examples=40)
@given(st.lists(json_values, max_size=6), white_space)
def test_an_array_is_taken_apart_into_its_elements(value: list[object], indent: int | str | None) -> None:
    text = json.dumps(value, indent=indent)
    assert jsontext.is_array(" \n" + text)
    found = [item.members for item in jsontext.items(text)]
    assert [None if members is None else {member.key: member.value for member in members} for members in found] == [
        element if isinstance(element, dict) else None for element in value
    ]
    assert jsontext.parse(f" {text} ") == (value, text)


@given(st.text(alphabet='{}[]:,"\\ \n1ae', max_size=12))
def test_what_the_standard_library_refuses_is_refused_and_what_it_takes_is_taken(text: str) -> None:
    try:
        json.loads(text)
    except ValueError:
        with pytest.raises(Malformed):
            list(jsontext.items(text))
    else:
        assert list(jsontext.items(text)) is not None


@given(
    st.lists(st.dictionaries(st.text(max_size=3), json_values, max_size=4), max_size=3),
    st.sampled_from([(",", ":"), (", ", ": "), (",", ": "), (" , ", " : ")]),
    st.booleans(),
    st.lists(
        st.tuples(st.integers(0, 200), st.sampled_from(['"a":1,', ",", " ", '"', "\\", "1e999", "\n", "{}", "é"]))
    ),
)
def test_the_quick_way_gives_what_walking_gives_whatever_the_text(
    value: list[dict[str, object]], separators: tuple[str, str], ascii_only: bool, insertions: list[tuple[int, str]]
) -> None:
    text = json.dumps(value, separators=separators, ensure_ascii=ascii_only)
    for place, inserted in insertions:
        text = text[:place] + inserted + text[place:]
    for one in (text, text[1:-1]):
        try:
            walked = list(jsontext._walked(one))
        except Malformed as refused:
            with pytest.raises(Malformed) as again:
                list(jsontext.items(one))
            assert str(again.value) == str(refused)
        else:
            assert list(jsontext.items(one)) == walked


@pytest.mark.parametrize(
    "text",
    [
        '{"a":1,"a":2}',
        '{"abcdefgh":1,"abcdefgh":2}',
        '{"\\u0061":1}',
        '{"a":"\\ud800"}',
        '{"a":-0,"b":1E2,"c":1e-999}',
        '{"a":{"b":1,"b":2}}',
        '{"a": 1,"b": 2}',
        '{"a":' + "[" * 127 + "]" * 127 + "}",
        '{"a":[' + ",".join(["[]"] * 300) + "]}",
        '[{"a":1},{"a":1,"a":2},{"b": 3}]',
        '[{"a":1},5,{"b":3}]',
        '[{"a":1},[2,{"b":3}],{"b":3}]',
        '{\n  "a": 1,\n  "b": [ 2 ]\n}',
        '{"a\\"":1}',
        '{"a":"\\\\","\\u0061":"x"}',
        '{"a":"\\"\\"","a":1}',
        '{"a":"\\u0022\\u0022","a":1}',
    ],
)
def test_odd_but_valid_texts_come_out_as_they_are_walked(text: str) -> None:
    assert list(jsontext.items(text)) == list(jsontext._walked(text))


def test_what_is_odd_about_one_element_is_no_reason_to_walk_the_others() -> None:
    text = '[{"a":1},{"a":1,"a":2},{"b":"x"},5,{"c":1}]'
    read: list[bytes] = []

    def reading(element: bytes) -> str | None:
        read.append(element)
        return "read" if element.startswith(b'{"b"') else None

    found = list(jsontext.read_items(text, reading))
    walked: list[jsontext.Item | str] = list(jsontext._walked(text))
    assert found == [*walked[:2], "read", *walked[3:]]
    assert read == [b'{"a":1}', b'{"a":1,"a":2}', b'{"b":"x"}', b"5", b'{"c":1}']


def test_what_decoders_lose_is_kept() -> None:
    text = '{ "a" : 1.0e2 , "a" :\t"\\u00e9\\/" , "n": {"z":1,"z":2} }'
    (item,) = jsontext.items(text)
    assert item.members is not None
    assert [(member.key, member.text) for member in item.members] == [
        ("a", b"1.0e2"),
        ("a", b'"\\u00e9\\/"'),
        ("n", b'{"z":1,"z":2}'),
    ]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "line 1, column 1"),
        (b"nul", "line 1, column 1"),
        (b'{"a":NaN}', "NaN is not a JSON value"),
        (b'{"a":-Infinity}', "-Infinity is not a JSON value"),
        (b'{"a":1e999}', "out of range"),
        (b'{"a":' + b"9" * 5000 + b"}", "out of range"),
        (b'{"a":1}\n{"b":2}', "more after the JSON value at line 2, column 1"),
        (b'{"a" 1}', "line 1, column 6"),
        (b"[1,]", "line 1, column 4"),
        (b'{"a":"\n"}', "control character"),
        (b"\xff\xfe", "byte 0"),
        (b"[" * 10_000 + b"]" * 10_000, "nested deeper"),
        (b"[" * (MAX_DEPTH + 2) + b"]" * (MAX_DEPTH + 2), "nested deeper"),
    ],
)
def test_what_is_not_json_is_refused_with_the_place(body: bytes, says: str) -> None:
    with pytest.raises(Malformed, match=says):
        list(jsontext.items(jsontext.decode(body)))
    with pytest.raises(Malformed):
        jsontext.parse(jsontext.decode(body))


def test_nesting_up_to_the_limit_and_brackets_in_strings_are_taken() -> None:
    assert jsontext.parse("[" * MAX_DEPTH + "]" * MAX_DEPTH)
    assert jsontext.parse(json.dumps(["[{" * 500])) == (["[{" * 500], json.dumps(["[{" * 500]))


def test_measuring_the_depth_of_a_long_string_takes_no_memory_to_speak_of() -> None:
    """The pattern for strings once kept a place to go back to for every character: a gigabyte for this."""
    text = json.dumps([[[]] * 200, "x" * 4_000_000])
    tracemalloc.start()
    jsontext.parse(text)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 * len(text)


def test_a_byte_order_mark_is_no_part_of_the_text() -> None:
    assert jsontext.parse(jsontext.decode(b"\xef\xbb\xbf[]")) == ([], "[]")
