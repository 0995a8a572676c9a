"""Verification: what is wrong with a log is named, and where; whatever is read, nothing is raised."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from governance_console.evidence import checkpoints_in
from governance_console.exported import records_of
from governance_console.findings import MAX_FINDINGS, Findings, Kind
from governance_console.merkle import HASH_BYTES, fold, leaf_hash
from governance_console.storedtree import StoredTree
from governance_console.tiles import Tile
from governance_console.verify import Record
from governance_console.vouching import Mark
from tests.signedlog import (
    SignedLog,
    entry_of,
    evidence_of,
    item_of,
    record_of,
    said,
    signer,
    tree_of,
    verdict_of,
)

SIGNED = (0, 1, 255, 256, 300, 512, 600)


def altered(record: Record) -> Record:
    return record._replace(entry=entry_of(record).replace(b"planner", b"plunder"))


def heartbeat(note: bytes) -> bytes:
    return json.dumps({"type": "audit", "message": "[AUDIT]", "checkpoint": note.decode()}).encode() + b"\n"


@pytest.mark.parametrize("stored", [True, False])
@pytest.mark.parametrize("size", [0, 1, 256, 600])
def test_an_honest_log_is_proved_up_to_its_last_checkpoint(size: int, stored: bool) -> None:
    log = SignedLog(size, [each for each in SIGNED if each <= size])
    verdict = log.verdict(stored)
    assert (said(verdict), verdict.size, verdict.proved) == ([], size, size)
    assert [each.agrees for each in verdict.compared] == [True] * len(log.notes)


def test_entries_after_the_last_checkpoint_are_not_proved_yet() -> None:
    verdict = SignedLog(600, [300]).verdict()
    assert (said(verdict), verdict.size, verdict.proved) == ([], 600, 300)


def test_one_altered_entry_is_named_where_there_are_tiles() -> None:
    log = SignedLog(600, SIGNED)
    for seq in (0, 255, 256, 599):
        records = [*log.records]
        records[seq] = altered(records[seq])
        verdict = verdict_of(records, log.notes, log.tiles.get)
        assert (said(verdict), verdict.proved) == ([f"entry {seq}: altered"], 600)


def test_without_tiles_checkpoints_say_between_which() -> None:
    log = SignedLog(600, SIGNED)
    log.records[290] = altered(log.records[290])
    verdict = log.verdict(stored=False)
    text = "entries 256 to 299: among these something was altered, put in or taken out"
    assert (said(verdict), verdict.proved) == ([text], 256)


def test_tiles_name_an_altered_entry_even_where_nothing_was_signed() -> None:
    log = SignedLog(600)
    log.records[100] = altered(log.records[100])
    assert [finding.kind for finding in log.verdict().findings] == [Kind.ALTERED, Kind.NO_CHECKPOINT]
    log.records[599] = altered(log.records[599])  # no hash above it is stored yet
    assert said(log.verdict())[1] == "entry 599: altered, or the stored hash is; nothing here tells which"


def test_an_entry_altered_with_its_stored_hash_is_within_its_tile() -> None:
    log = SignedLog(600, SIGNED)
    log.records[100] = altered(log.records[100])
    log.tiles[Tile(0, 0)] = b"".join(leaf_hash(entry_of(record)) for record in log.records[:256])
    verdict = log.verdict()
    assert said(verdict)[0] == "entries 0 to 255: among these something was altered, put in or taken out"
    assert verdict.proved == 600


def test_an_entry_altered_with_every_hash_above_it_is_between_checkpoints() -> None:
    log = SignedLog(600, SIGNED)
    log.records[100] = altered(log.records[100])
    log.tiles = tree_of(log.records)[1]
    verdict = log.verdict()
    assert said(verdict) == ["entries 1 to 254: among these something was altered, put in or taken out"]
    assert verdict.proved == 1


@pytest.mark.parametrize("tile", [Tile(0, 0), Tile(0, 1), Tile(0, 2), Tile(1, 0)])
def test_an_altered_tile_is_told_from_an_altered_entry(tile: Tile) -> None:
    log = SignedLog(600, SIGNED)
    log.tiles[tile] = log.tiles[tile][:33] + b"x" + log.tiles[tile][34:]
    verdict = log.verdict()
    assert {finding.kind for finding in verdict.findings} == {Kind.STORED_HASHES}
    assert f"tile {tile.number} of level {tile.level}" in said(verdict)[0]
    assert verdict.proved == 600


def test_an_altered_tile_is_told_by_the_hash_above_it_where_nothing_was_signed() -> None:
    log = SignedLog(600)
    log.tiles[Tile(0, 0)] = b"x" * HASH_BYTES + log.tiles[Tile(0, 0)][HASH_BYTES:]
    assert [finding.kind for finding in log.verdict().findings] == [Kind.STORED_HASHES, Kind.NO_CHECKPOINT]


def test_a_signature_on_the_entries_beats_stored_hashes_that_agree_with_each_other() -> None:
    log = SignedLog(600, SIGNED)
    forged = b"x" * HASH_BYTES + log.tiles[Tile(0, 0)][HASH_BYTES:]
    log.tiles[Tile(0, 0)] = forged
    log.tiles[Tile(1, 0)] = fold(forged) + log.tiles[Tile(1, 0)][HASH_BYTES:]
    verdict = log.verdict()
    assert ({finding.kind for finding in verdict.findings}, verdict.proved) == ({Kind.STORED_HASHES}, 600)


def test_an_entry_that_cannot_be_read_is_stood_in_for_by_what_is_stored_above_it() -> None:
    log = SignedLog(600, SIGNED)
    log.records[5] = log.records[5]._replace(entry=None)
    assert (said(log.verdict()), log.verdict().proved) == (["entry 5: not an entry"], 600)
    del log.tiles[Tile(0, 0)]
    assert (said(log.verdict())[0], log.verdict().proved) == ("entry 5: not an entry", 600)
    assert (said(log.verdict(stored=False)), log.verdict(stored=False).proved) == (["entry 5: not an entry"], 1)


@pytest.mark.soak
def test_stored_hashes_that_agree_with_each_other_but_with_no_signature_accuse_no_entry() -> None:
    log = SignedLog(66_000, [66_000])
    forged = b"x" * HASH_BYTES + log.tiles[Tile(0, 0)][HASH_BYTES:]
    log.tiles[Tile(0, 0)] = forged
    log.tiles[Tile(1, 0)] = fold(forged) + log.tiles[Tile(1, 0)][HASH_BYTES:]
    verdict = log.verdict()
    assert [finding.kind for finding in verdict.findings] == [Kind.DOUBTFUL, Kind.STORED_HASHES]
    assert verdict.proved == 66_000


def test_a_cut_tile_is_named_and_a_missing_partial_one_is_nothing() -> None:
    log = SignedLog(600, SIGNED)
    log.tiles[Tile(0, 0)] = log.tiles[Tile(0, 0)][:-1]
    del log.tiles[Tile(0, 2)], log.tiles[Tile(1, 0)]
    verdict = log.verdict()
    assert said(verdict)[0].endswith("the stored hashes over it are damaged (tile 0 of level 0 is cut)")
    assert (len(verdict.findings), verdict.proved) == (1, 600)


def test_an_entry_that_was_taken_out_is_named_and_the_others_are_proved() -> None:
    log = SignedLog(600, SIGNED)
    for first, last in ((0, 0), (100, 100), (0, 255), (255, 256), (599, 599), (590, 599), (3, 520)):
        records = [*log.records[:first], *log.records[last + 1 :]]
        verdict = verdict_of(records, log.notes, log.tiles.get)
        where = f"entry {first}" if first == last else f"entries {first} to {last}"
        assert said(verdict) == [f"{where}: missing"]
        assert verdict.proved == (600 if last < 599 else max(size for size in SIGNED if size <= first))
        verdict = verdict_of(records, log.notes)
        assert said(verdict) == [f"{where}: missing"]
        assert verdict.proved == max(size for size in SIGNED if size <= first)


def test_entries_missing_at_the_end_are_missed_by_a_checkpoint_or_a_tile_alone() -> None:
    log = SignedLog(600, SIGNED)
    assert said(verdict_of(log.records[:512], log.notes)) == ["entries 512 to 599: missing"]
    assert said(verdict_of(log.records[:512], log.notes[:6], log.tiles.get)) == ["entries 512 to 599: missing"]


def test_entries_that_changed_places_or_come_twice_are_named() -> None:
    log = SignedLog(40, [40])
    swapped = [*log.records]
    swapped[5], swapped[6] = (swapped[number]._replace(seq=place) for place, number in ((5, 6), (6, 5)))
    assert said(verdict_of(swapped, log.notes, log.tiles.get)) == [
        "entry 5: says that it is another one (6)",
        "entry 6: says that it is another one (5)",
        "entries 5 to 6: altered",
    ]
    lines = log.lines()
    lines[5], lines[6] = lines[6], lines[5]
    assert [str(finding) for finding in verdict_of(records_of(lines), log.notes).findings] == [
        "entry 5: missing",
        "entry 5: here again or in the wrong place (after entry 6)",
    ]
    twice = [*log.lines()[:7], *log.lines()[6:]]
    verdict = verdict_of(records_of(twice), log.notes)
    assert said(verdict) == ["entry 6: here again or in the wrong place (after entry 6)"]
    assert verdict.proved == 40


def test_a_row_with_another_number_than_its_entry_is_named() -> None:
    records = [record_of(0), record_of(1)._replace(seq=2)]
    assert said(verdict_of(records, []))[:2] == ["entry 1: missing", "entry 2: says that it is another one (1)"]


def test_an_entry_with_another_number_does_not_move_the_ones_after_it() -> None:
    log = SignedLog(40, [40])
    lines = log.lines()
    lines[7] = lines[7].replace(b'"seq":7,', b'"seq":77,')
    verdict = verdict_of(records_of(lines), log.notes, log.tiles.get)
    assert said(verdict) == ["entry 7: says that it is another one (77)", "entry 7: altered"]


def test_data_is_checked_against_its_hash_where_it_is_there() -> None:
    log = SignedLog(9, [9])
    log.records[0] = log.records[0]._replace(data=b"other")
    log.records[2] = log.records[2]._replace(salt=bytes(16))
    log.records[4] = log.records[4]._replace(data=None, salt=None)
    log.records[5] = log.records[5]._replace(salt=None)
    log.records[6] = log.records[6]._replace(data="text", salt=5)
    verdict = log.verdict()
    assert said(verdict) == [
        "entry 0: the data is not what was recorded",
        "entry 2: the data is not what was recorded",
        "entries 4 to 5: the data is missing, and not marked as erased",
        "entry 6: the data is not what was recorded",
    ]
    assert verdict.proved == 9


def test_data_beside_an_entry_that_had_none_is_named() -> None:
    record = record_of(0)
    bare = entry_of(record).partition(b',"data_hash"')[0] + b"}"
    assert said(verdict_of([record._replace(entry=bare)], []))[0] == "entry 0: the data is not what was recorded"
    assert said(verdict_of([Record(0, bare, None, None, None)], []))[0].startswith("no checkpoint")


def test_a_log_that_was_written_anew_is_caught_by_a_heartbeat_somebody_kept() -> None:
    """All hashes worked out again: without the key, and, what only a heartbeat elsewhere shows, with it."""
    kept = heartbeat(SignedLog(600).sign(400))
    without_key = SignedLog(700, [700], "forger", signer(2))
    assert said(without_key.verdict(notes=[*without_key.notes, kept])) == [
        "file 0, line 1 (size 700): signed by another key",
        "entries 0 to 399: among these something was altered, put in or taken out",
    ]
    with_key = SignedLog(700, [300, 700], "forger")
    assert said(with_key.verdict()) == []
    assert said(with_key.verdict(notes=[kept, *with_key.notes])) == [
        "two histories were signed: they split somewhere in entries 300 to 399 (file 0, line 1)"
    ]


def test_two_histories_at_one_size_need_no_entries_to_show() -> None:
    one, other = SignedLog(50, [50]), SignedLog(50, [50], "forger")
    for records, stored in ((one.records, one.tiles.get), (one.records[:20], None)):
        verdict = verdict_of(records, [*one.notes, *other.notes], stored)
        assert Kind.SPLIT in {finding.kind for finding in verdict.findings}
        assert verdict.is_tampered


def test_two_histories_at_one_size_are_told_also_where_the_entries_are_a_third() -> None:
    notes = [*SignedLog(50, [50]).notes, *SignedLog(50, [50], "forger").notes]
    assert [finding.kind for finding in SignedLog(50, (), "third").verdict(notes=notes).findings] == [Kind.SPLIT]


def test_a_rollback_is_caught_by_a_heartbeat_somebody_kept() -> None:
    log = SignedLog(600, [600])
    rolled = SignedLog(400, [400])
    assert said(rolled.verdict(notes=[*rolled.notes, heartbeat(log.notes[0])])) == ["entries 400 to 599: missing"]


def test_one_entry_is_not_spoken_of_as_several() -> None:
    log = SignedLog(3, [2, 3])
    log.records[2] = altered(log.records[2])
    assert said(log.verdict(stored=False)) == ["entry 2: altered, or another is in its place"]


def test_checkpoints_that_prove_nothing_are_named() -> None:
    log = SignedLog(5, [5])
    note = log.notes[0]
    text = note.partition(b"\n\n")[0] + b"\n"
    foreign = signer().sign(text.decode().replace("log.example/1", "log.example/2"))
    files = [text, note.replace(b"\n5\n", b"\n4\n"), SignedLog(5, [5], by=signer(2)).notes[0], foreign, b"hello\n"]
    verdict = log.verdict(notes=files)
    assert said(verdict) == [
        "file 0, line 1 (size 5): not signed",
        "file 1, line 1 (size 4): the signature is false",
        "file 2, line 1 (size 5): signed by another key",
        "file 4, line 1: not a checkpoint",
        "no checkpoint was given that is signed by this log's key: nothing vouches for these entries",
    ]
    assert (verdict.is_tampered, verdict.proved) == (True, 0)
    assert not log.verdict(notes=[]).is_tampered
    evidence, _ = evidence_of(files)
    assert {origin: [*sizes] for origin, sizes in evidence.others.items()} == {"log.example/2": [5]}


def test_checkpoints_are_found_in_whatever_they_were_kept_in() -> None:
    notes = SignedLog(9, [3, 5, 9]).notes
    noise = b'{"type":"entry","next":5,"entry":{}}\n'
    kept = b"".join((heartbeat(notes[2]), noise, b"< " + heartbeat(notes[0]), heartbeat(notes[0])))
    assert evidence_of([kept])[0].roots.keys() == {3, 9}
    assert evidence_of([b"\n\n".join(notes)])[0].roots.keys() == {3, 5, 9}
    assert evidence_of([b"".join(notes)])[0].roots.keys() == {3, 5, 9}
    assert evidence_of([notes[0].replace(b"\n", b"\r\n")])[0].roots.keys() == {3}
    evidence, findings = evidence_of([noise, b"", b"{broken\n", b"[" * 9000])
    assert not evidence.roots
    assert [str(each) for each in findings.kept] == [
        "file 2, line 1: not a checkpoint",
        "file 3, line 1: not a checkpoint",
    ]


def test_the_same_note_again_is_not_said_again() -> None:
    evidence, findings = evidence_of([heartbeat(SignedLog(3, [3], by=signer(2)).notes[0]) * 3])
    assert ([str(each) for each in findings.kept], evidence.roots) == (
        ["file 0, line 1 (size 3): signed by another key"],
        {},
    )


def test_what_is_not_a_note_does_not_fill_the_memory() -> None:
    assert max(len(note) for _, note in checkpoints_in([b"x" * 999 + b"\n"] * 5000, "f")) < 1_100_000


def test_neighbours_are_one_finding_and_the_rest_is_counted() -> None:
    findings = Findings()
    for seq in range(10):
        findings.add(Kind.ALTERED, seq)
    assert [str(each) for each in findings.kept] == ["entries 0 to 9: altered"]
    for seq in range(0, 4 * MAX_FINDINGS, 2):
        findings.add(Kind.DATA_ALTERED, seq)
    assert (len(findings.kept), findings.dropped) == (MAX_FINDINGS, MAX_FINDINGS + 1)


def test_an_export_has_to_be_what_the_console_writes() -> None:
    record = record_of(0)
    line = SignedLog(1).lines()[0]
    assert next(records_of([line]))[1:] == record[1:]
    assert next(records_of([line.removesuffix(b"\n")]))[1:] == record[1:]
    erased = b'{"entry":%s,"erased":{"by":"operator","at":"t","reason":"r"}}\n' % entry_of(record)
    assert next(records_of([erased]))[1:] == (record.entry, None, None, Mark("operator", "t", "r", None))
    broken = record._replace(data=b'{\n"a": 1}')
    flat = SignedLog(0)
    flat.records = [broken]
    (spread,) = flat.lines()
    assert b"data_base64" in spread
    assert next(records_of([spread])).data == b'{\n"a": 1}'
    for wrong in (
        spread.replace(b'{ "a": 1}', b'{ "a": 2}'),
        line.replace(b'{"entry"', b'{"entry":{},"entry"'),
        line.replace(b'"entry":', b'"entry": '),
        line.replace(b'"salt"', b'"note":"x","salt"'),
        line.replace(b"==", b"=="[:1]),
        erased.replace(b'"erased"', b'"data":1,"erased"'),
        b"",
        b"null",
    ):
        (found,) = records_of([wrong])
        assert found.entry == wrong.removesuffix(b"\n")
    assert item_of(record).data_is_json


def each_byte(content: bytes, step: int) -> list[bytes]:
    return [
        content[:place] + bytes([content[place] ^ 1 << place % 8]) + content[place + 1 :]
        for place in range(0, len(content), step)
    ]


def flip(step: int) -> None:
    """With every ``step``-th byte of a small log altered, something is found; in its tiles, and in its export too."""
    log = SignedLog(3, [3])
    for seq, record in enumerate(log.records):
        for entry in each_byte(entry_of(record), step):
            records = [*log.records]
            records[seq] = record._replace(entry=entry)
            verdict = verdict_of(records, log.notes, log.tiles.get)
            assert any((each.first, each.last) == (seq, seq) for each in verdict.findings), said(verdict)
            assert verdict_of(records, log.notes).is_tampered
        for line in each_byte(log.lines()[seq], step):
            lines = log.lines()
            lines[seq] = line
            assert verdict_of(records_of(b"".join(lines).splitlines(keepends=True)), log.notes).is_tampered
    for tile in log.tiles:
        for hashes in each_byte(log.tiles[tile], step):
            verdict = verdict_of(log.records, log.notes, {**log.tiles, tile: hashes}.get)
            assert [each.kind for each in verdict.findings] == [Kind.STORED_HASHES]
    for note in each_byte(log.notes[0], step):
        assert verdict_of(log.records, [note]).findings


def test_altered_bytes_are_found_wherever_they_are() -> None:
    flip(41)


@pytest.mark.soak
def test_every_altered_byte_is_found() -> None:
    flip(1)


ANYTHING: st.SearchStrategy[object] = st.none() | st.integers() | st.text(max_size=3) | st.binary(max_size=40)
HASHES = st.sampled_from([bytes(size) for size in (0, 31, 32, 33, 8191, 8192, 8193)]) | st.binary(max_size=33)


MARKS = st.none() | st.builds(Mark, ANYTHING, ANYTHING, ANYTHING, ANYTHING)


@settings(max_examples=20)
@given(
    st.lists(st.tuples(ANYTHING, ANYTHING, ANYTHING, ANYTHING, MARKS) | st.integers(0, 9), max_size=12),
    st.dictionaries(st.tuples(st.integers(0, 2), st.integers(0, 1)), HASHES),
    st.lists(st.binary(max_size=50), max_size=3),
)
def test_whatever_is_read_nothing_is_raised(
    made: list[tuple[object, object, object, object, Mark | None] | int],
    tiles: dict[tuple[int, int], bytes],
    files: list[bytes],
) -> None:
    records = [record_of(one) if isinstance(one, int) else Record(*one) for one in made]
    signed = SignedLog(9, [2, 5, 9])
    verdict = verdict_of(records, [*files, *signed.notes], lambda tile: tiles.get((tile.level, tile.number)))
    assert all(isinstance(sentence, str) for sentence in said(verdict))
    list(records_of(files))


@settings(max_examples=25)
@given(st.integers(1, 560), st.sets(st.integers(0, 559), max_size=5), st.data())
def test_what_was_done_to_a_log_is_what_is_said(size: int, places: set[int], data: st.DataObject) -> None:
    """Entries altered or taken out anywhere: with tiles each is named, and nothing else is."""
    log = SignedLog(size, [size])
    done = {place: data.draw(st.booleans()) for place in places if place < size}
    last_kept = max((seq for seq in range(size) if done.get(seq) is not True), default=-1)
    records = [
        altered(record) if seq in done else record for seq, record in enumerate(log.records) if not done.get(seq)
    ]
    verdict = verdict_of(records, log.notes, log.tiles.get)
    named = {(seq, finding.kind) for finding in verdict.findings for seq in range(finding.first, finding.last + 1)}
    assert named == {(seq, Kind.MISSING if gone else Kind.ALTERED) for seq, gone in done.items()}
    assert verdict.proved == (size if last_kept == size - 1 else 0)


DEEP = b'{"a":' + b"[" * 100_000


def test_what_is_nested_too_deep_is_a_finding() -> None:
    assert said(verdict_of([Record(0, DEEP, None, None, None)], []))[0] == "entry 0: not an entry"
    assert [record.entry for record in records_of([DEEP])] == [DEEP]
    assert [str(each) for each in evidence_of([DEEP])[1].kept] == ["file 0, line 1: not a checkpoint"]


@pytest.mark.parametrize("size", [0, 1, 40, 8191])
def test_stored_hashes_of_any_length_end_the_comparison(size: int) -> None:
    tree = StoredTree(lambda tile: bytes(size), evidence_of([])[0])
    assert tree.believed(Tile(0, 0)) == 0
    assert len(tree.read(Tile(0, 0))) == size // HASH_BYTES * HASH_BYTES


def test_a_number_beyond_all_bounds_costs_nothing() -> None:
    log = SignedLog(3, [3])
    far = record_of(10**18)
    for stored in (log.tiles.get, None):
        verdict = verdict_of([*log.records, far], log.notes, stored)
        assert said(verdict) == [f"entries 3 to {10**18 - 1}: missing"]
        assert verdict.proved == 3


def test_a_new_key_goes_on_where_the_old_one_ended() -> None:
    """Rotation: a verifier that knows both keys takes the checkpoints of both."""
    log = SignedLog(20, [10])
    new = SignedLog(20, [20], by=signer(2))
    findings, keys = Findings(), [signer().verifier, signer(2).verifier]
    evidence, _ = evidence_of([])
    for note in (*log.notes, *new.notes):
        evidence.add(note, "file", keys, "log.example/1", findings)
    assert evidence.roots.keys() == {10, 20}
    assert not findings.kept


@pytest.mark.parametrize(("salt", "data"), [(b"salt", None), (None, b"1"), (b"salt", b"1"), ("text", "text")])
def test_data_of_an_entry_that_has_none_was_put_there(salt: object, data: object) -> None:
    bare = [record_of(seq) for seq in range(3)]
    entry = re.sub(rb',"data_hash":"[^"]*"', b"", entry_of(bare[1]))
    log = [bare[0], Record(1, entry, None, None, None), bare[2]]
    assert said(verdict_of(log, []))[0].startswith("no checkpoint")
    log[1] = Record(1, entry, salt, data, None)
    assert said(verdict_of(log, []))[0] == "entry 1: the data is not what was recorded"
