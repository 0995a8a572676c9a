"""What is marked as erased has to be vouched for by an entry after it that names it; else it is named, by verify."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from governance_console.api import SIGNER
from governance_console.checkpoint import Checkpoint
from governance_console.cli.material import opened
from governance_console.cli.terminal import Progress
from governance_console.cli.verifying import WHOLE, judge
from governance_console.exported import records_of
from governance_console.merkle import leaf_hash
from governance_console.settings import Settings
from governance_console.verify import Record, verify
from governance_console.vouching import Mark, Vouched
from tests.audited import ORIGIN, Kept, keep
from tests.console import running
from tests.signedlog import entry_of, evidence_of, record_of, said, verdict_of
from tests.waiting import until

AT = "2026-11-22T10:00:00.000000Z"
FALSE = "marked as erased, which the record does not bear out"


def saying(
    seq: int, first: int, last: int, by: str = "operator", *, source: str = "console", kind: str = "data.erased"
) -> Record:
    """The entry that says what was erased."""
    salt, data = bytes(16), json.dumps({"first": first, "last": last, "reason": "r"}).encode()
    hashed = base64.b64encode(hashlib.sha256(salt + data).digest()).decode()
    entry = (
        f'{{"seq":{seq},"recorded":"{AT}","principal":"{by}","category":"audit","severity":"warning","event":'
        f'{{"id":"e","source":"{source}","specversion":"1.0","type":"{kind}"}},"data_hash":"{hashed}"}}'
    )
    return Record(seq, entry.encode(), salt, data, None)


def erased(seq: int, by: str = "operator", reason: str = "r", said_by: int | None = None) -> Record:
    return record_of(seq)._replace(salt=None, data=None, erased=Mark(by, AT, reason, said_by))


def findings(records: Sequence[Record]) -> list[str]:
    """What is said of the marks, not of what was signed."""
    return [one for one in said(verdict_of(records, [])) if "checkpoint" not in one]


BARE = record_of(1)._replace(
    entry=entry_of(record_of(1)).partition(b',"data_hash"')[0] + b"}", salt=None, data=None, erased=None
)


@pytest.mark.parametrize(
    ("records", "named"),
    [
        ([erased(0), record_of(1), saying(2, 0, 0)], []),
        ([erased(0, said_by=2), record_of(1), saying(2, 0, 0)], []),
        ([erased(0), BARE, erased(2), saying(3, 0, 2)], []),
        ([erased(0), erased(1), saying(2, 0, 1, "console")], [f"entries 0 to 1: {FALSE}"]),
        ([erased(0), record_of(1)], [f"entry 0: {FALSE}"]),
        ([erased(0), erased(1), erased(2), saying(3, 1, 1)], [f"entry 0: {FALSE}", f"entry 2: {FALSE}"]),
        ([erased(0), erased(1), record_of(2), erased(3), saying(4, 0, 2)], [f"entry 3: {FALSE}"]),
        # It has to come after: what is named beforehand was not erased by it.
        ([record_of(0), saying(1, 0, 2), erased(2)], [f"entry 2: {FALSE}"]),
        ([erased(0, reason="s"), saying(1, 0, 0)], [f"entry 0: {FALSE}"]),
        ([erased(0, said_by=1), record_of(1), saying(2, 0, 0)], [f"entry 0: {FALSE}"]),
        # Whoever may append can say so, and from anywhere.
        ([erased(0, "agent:a"), saying(1, 0, 0, "agent:a")], [f"entry 0: {FALSE}"]),
        ([erased(0), saying(1, 0, 0, source="a")], [f"entry 0: {FALSE}"]),
        ([erased(0), saying(1, 0, 0, kind="data.kept")], [f"entry 0: {FALSE}"]),
        # What is there is not erased, nor what never was.
        ([record_of(0)._replace(erased=Mark("operator", AT, "r", 1)), saying(1, 0, 0)], [f"entry 0: {FALSE}"]),
        ([record_of(0), BARE._replace(erased=Mark("operator", AT, "r", 2)), saying(2, 1, 1)], [f"entry 1: {FALSE}"]),
        ([erased(0)._replace(salt=b"salt"), saying(1, 0, 0)], [f"entry 0: {FALSE}"]),
        # Who takes away the word that something was erased has taken away what vouched for it.
        (
            [erased(0), saying(1, 0, 0)._replace(data=None, salt=None)],
            ["entry 1: the data is missing, and not marked as erased", f"entry 0: {FALSE}"],
        ),
        (
            [erased(0), saying(1, 0, 0)._replace(data=b"{}")],
            ["entry 1: the data is not what was recorded", f"entry 0: {FALSE}"],
        ),
        ([erased(0), erased(1, said_by=2), saying(2, 0, 0), saying(3, 1, 1)], [f"entry 1: {FALSE}"]),
    ],
)
def test_a_mark_that_no_entry_bears_out_is_named(records: Sequence[Record], named: list[str]) -> None:
    assert findings(records) == named


LATER = "marked as erased; the entry that is to say so would come after the last one here"
BEFORE_IT = "2026-11-22T09:59:59.999999Z"


@pytest.mark.parametrize(
    ("records", "later", "named"),
    [
        # A console erased while its record was read: the entry came after the end.
        ([erased(0), record_of(1)], [saying(2, 0, 0)], []),
        ([erased(0, said_by=3), record_of(1)], [record_of(2), saying(3, 0, 0)], []),
        ([erased(0), erased(1)], [saying(2, 1, 1)], [f"entry 0: {FALSE}"]),
        ([erased(0), record_of(1)], [saying(1, 0, 0)], [f"entry 0: {FALSE}"]),
        ([erased(0), record_of(1)], [saying(2, 0, 0)._replace(seq=3)], [f"entry 0: {FALSE}"]),
        ([erased(0), record_of(1)], [saying(2, 1, 1)._replace(data=saying(2, 0, 0).data)], [f"entry 0: {FALSE}"]),
        ([erased(0), record_of(1)], [saying(2, 0, 0)._replace(entry=b"x")], [f"entry 0: {FALSE}"]),
        ([erased(0), record_of(1)], [], [f"entry 0: {FALSE}"]),
        # Nobody can tell what came after an export: not of a mark that is younger than all of it.
        ([erased(0), record_of(1)], None, [f"entry 0: {LATER}"]),
        ([erased(0), *(record_of(seq) for seq in range(1, 80))], None, [f"entry 0: {LATER}"]),
        ([erased(0), saying(1, 0, 0), record_of(2)], None, []),
        (
            [record_of(0)._replace(data=None, salt=None, erased=Mark("operator", BEFORE_IT, "r", None)), record_of(1)],
            None,
            [f"entry 0: {FALSE}"],
        ),
        (
            [record_of(0)._replace(data=None, salt=None, erased=Mark("operator", 5, "r", None)), record_of(1)],
            None,
            [f"entry 0: {FALSE}"],
        ),
    ],
)
def test_the_entry_that_bears_a_mark_may_come_after_the_end(
    records: Sequence[Record], later: Sequence[Record] | None, named: list[str]
) -> None:
    evidence, given = evidence_of([])
    verdict = verify(records, evidence, given, later=None if later is None else lambda marks: later)
    assert [one for one in said(verdict) if "checkpoint" not in one] == named
    assert verdict.is_tampered == any(FALSE in one for one in named)
    assert verdict.size == len(records)


def test_marks_without_end_do_not_fill_the_memory() -> None:
    def unsaid(*vouching: Record) -> list[tuple[int, int]]:
        vouched = Vouched(most_runs=3)
        for seq in range(0, 20, 2):
            vouched.marked(Mark("operator", AT, "r", None), seq, with_data=seq - 1)
        for record in vouching:
            vouched.said(record.entry, record.data)
        return [run for run, _ in vouched.unsaid()]

    assert unsaid(saying(20, 0, 19)) == []
    assert unsaid(saying(20, 0, 11)) == [(12, 18)]
    assert unsaid() == [(0, 0), (2, 2), (4, 18)]


@pytest.mark.parametrize(
    "shown",
    [
        b'{"by":"operator","at":"t","reason":"r","note":"x"}',
        b'{"by":"operator","reason":"r","at":"t"}',
        b'{"by":"operator", "at":"t","reason":"r"}',
        b'{"by":"operator","at":"t"}',
        b'{"by":5,"at":"t","reason":"r"}',
        b'{"by":"operator","at":"t","reason":"\\u0072"}',
        b"true",
    ],
)
def test_a_mark_in_an_export_has_to_be_what_the_console_writes(shown: bytes) -> None:
    line = b'{"entry":%s,"erased":%s}\n' % (entry_of(record_of(0)), shown)
    assert next(records_of([line])).entry == line.removesuffix(b"\n")


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """Six entries, of which 1 and 2 were erased, the two that say so, 6 and 7, and that of the export, not in it."""
    kept = asyncio.run(keep(tmp_path_factory.mktemp("erased"), (6,)))
    asyncio.run(_erase(kept))
    return kept


async def _erase(kept: Kept) -> None:
    settings = Settings(
        database_url=f"sqlite:///{kept.database}",
        log_origin=ORIGIN,
        log_key_file=str(kept.key),
        checkpoint_interval_sec=0.05,
    )
    async with running(settings) as console:
        for seq in (1, 2):
            await console.request("DELETE", f"/api/events/{seq}/data", json={"reason": f"reason {seq}"})
        beside = kept.folder / "log.key.checkpoint"
        await until(lambda: b"\n8\n" in beside.read_bytes())
        (kept.folder / BEFORE).write_bytes(beside.read_bytes())
        answer = await console.get("/api/events?from=0", headers={"Accept": "application/x-ndjson"})
        kept.export.write_bytes(answer.body)


def verified(kept: Kept, record: Path, checkpoint: str = "log.key.checkpoint") -> list[str]:
    """What is found, and how much data is there."""
    with opened(str(record)) as material, Progress(io.StringIO()) as progress:
        outcome = judge(material, [kept.signer.verifier], [str(kept.folder / checkpoint)], progress)
    return [one for one in outcome.sentences if one.startswith(("entry ", "entries ", "data: "))]


BEFORE = "checkpoint-before-the-export"
COUNTS = "data: {} as recorded, {} altered, {} erased, {} missing"


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("", [COUNTS.format(7, 0, 2, 0)]),
        ("DELETE FROM erasures", [f"entries 1 to 2: {FALSE}", COUNTS.format(7, 0, 2, 0)]),
        (
            "DROP TABLE erasures",
            ["entries 1 to 2: the data is missing, and not marked as erased", COUNTS.format(7, 0, 0, 2)],
        ),
        ("UPDATE erasures SET reason = 'another' WHERE id = 7", [f"entry 2: {FALSE}", COUNTS.format(7, 0, 2, 0)]),
        ("UPDATE erasures SET erased_by = 'console' WHERE id = 6", [f"entry 1: {FALSE}", COUNTS.format(7, 0, 2, 0)]),
        (
            "UPDATE entries SET data = NULL, salt = NULL, erased = 7 WHERE seq = 4",
            [f"entry 4: {FALSE}", COUNTS.format(6, 0, 3, 0)],
        ),
        (
            "UPDATE entries SET data = NULL, salt = NULL, erased = 99 WHERE seq IN (0, 4)",
            [f"entry 0: {FALSE}", f"entry 4: {FALSE}", COUNTS.format(5, 0, 4, 0)],
        ),
        ("UPDATE entries SET erased = 6 WHERE seq = 4", [f"entry 4: {FALSE}", COUNTS.format(7, 0, 2, 0)]),
        (
            "UPDATE entries SET data = NULL, salt = NULL WHERE seq = 4",
            ["entry 4: the data is missing, and not marked as erased", COUNTS.format(6, 0, 2, 1)],
        ),
        (
            "UPDATE entries SET data = NULL, salt = NULL, erased = 7 WHERE seq = 6",
            [f"entry 1: {FALSE}", f"entry 6: {FALSE}", COUNTS.format(6, 0, 3, 0)],
        ),
        (
            "ALTER TABLE entries DROP COLUMN erased; ALTER TABLE entries ADD COLUMN erased ANY;"
            " UPDATE entries SET erased = CASE seq WHEN 1 THEN x'00' WHEN 2 THEN 'seven' END",
            [f"entries 1 to 2: {FALSE}", COUNTS.format(7, 0, 2, 0)],
        ),
    ],
)
def test_what_was_done_to_a_record_with_erased_data_is_named(
    untouched: Kept, tmp_path: Path, sql: str, said: list[str]
) -> None:
    kept = untouched.copy(tmp_path)
    kept.sql(sql)
    assert verified(kept, kept.database) == said


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b"", b"", [COUNTS.format(6, 0, 2, 0)]),
        (b'"reason":"reason 1"}}', b'"reason":"reason 2"}}', [f"entry 1: {FALSE}", COUNTS.format(6, 0, 2, 0)]),
        (
            b'"erased":{"by":"anonymous"',
            b'"erased":{"by":"operator"',
            # The second has the time of the last entry here, beside which another may have been recorded.
            [f"entry 1: {FALSE}", f"entry 2: {LATER}", COUNTS.format(6, 0, 2, 0)],
        ),
    ],
)
def test_what_was_done_to_an_export_with_erased_data_is_named(
    untouched: Kept, tmp_path: Path, old: bytes, new: bytes, said: list[str]
) -> None:
    kept = untouched.copy(tmp_path)
    kept.export.write_bytes(kept.export.read_bytes().replace(old, new))
    assert verified(kept, kept.export, BEFORE) == said


def test_an_export_that_ends_before_it_is_said_what_was_erased_is_not_wholly_checked(
    untouched: Kept, tmp_path: Path
) -> None:
    kept = untouched.copy(tmp_path)
    kept.export.write_bytes(b"".join(kept.lines()[:7]))
    (kept.folder / BEFORE).write_bytes(b"")
    assert verified(kept, kept.export, BEFORE) == [f"entry 2: {LATER}", COUNTS.format(5, 0, 2, 0)]


async def test_a_database_in_which_a_console_erases_meanwhile_is_whole(settings: Settings) -> None:
    async with running(settings) as console:
        await console.record(*[{"source": "a", "type": "t", "n": number} for number in range(3)])
    async with running(replace(settings, checkpoint_interval_sec=3600)) as console:
        key = console.app[SIGNER].verifier
        with opened(str(settings.database_path)) as material, Progress(io.StringIO()) as progress:
            answer = await console.request("DELETE", "/api/events/1/data", json={"reason": "r"})
            assert answer.json["seq"] == 3
            outcome = judge(material, [key], [], progress)
        assert (outcome.status, outcome.verdict.size) == (WHOLE, 3), outcome.sentences
        assert outcome.sentences[-2] == COUNTS.format(2, 0, 1, 0)


def test_a_record_of_before_there_was_erasing_is_verified_as_it_lies(untouched: Kept, tmp_path: Path) -> None:
    """Schema 3 has neither the column nor the table; and what is gone there was erased by nobody."""
    kept = untouched.copy(tmp_path)
    kept.sql(
        "ALTER TABLE entries DROP COLUMN erased; DROP TABLE erasures; DROP TABLE sessions; PRAGMA user_version = 3;"
        "DELETE FROM entries WHERE seq > 0; "
        "UPDATE tiles SET hashes = substr(hashes, 1, 32) WHERE id = 0; DELETE FROM tiles WHERE id > 0;"
        "DELETE FROM checkpoints"
    )
    (kept.folder / "log.key.checkpoint").write_bytes(kept.signer.sign(_head_of_one(kept)))
    assert verified(kept, kept.database) == [COUNTS.format(1, 0, 0, 0)]
    kept.sql("UPDATE entries SET salt = NULL, data = NULL")
    assert verified(kept, kept.database) == [
        "entry 0: the data is missing, and not marked as erased",
        COUNTS.format(0, 0, 0, 1),
    ]


def _head_of_one(kept: Kept) -> str:
    ((_, entry),) = kept.rows("seq, entry")
    return Checkpoint(ORIGIN, 1, leaf_hash(entry)).text()
