"""``python run.py verify``: whoever has the file and alters it is caught, and what he did is named."""

from __future__ import annotations

import asyncio
import io
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from governance_console.checkpoint import Checkpoint
from governance_console.cli import main
from governance_console.cli.material import opened
from governance_console.cli.terminal import Progress
from governance_console.cli.verifying import judge
from governance_console.errors import CommandFailed
from governance_console.merkle import EMPTY_ROOT
from governance_console.notes import Signer, new_private_key, parse_private_key
from governance_console.storage.sqlite_audit import AuditedFile
from tests.audited import ORIGIN, Kept, hash_anew, keep
from tests.process import RUN, clean_environment, run_to_end

WHOLE, TAMPERED, NOT_CHECKED = 0, 1, 2
Said = Callable[..., tuple[int, list[str]]]


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    return asyncio.run(keep(tmp_path_factory.mktemp("kept")))


@pytest.fixture
def kept(untouched: Kept, tmp_path: Path) -> Kept:
    return untouched.copy(tmp_path)


@pytest.fixture
def verify(capsys: pytest.CaptureFixture[str]) -> Said:
    def run(*arguments: object) -> tuple[int, list[str]]:
        capsys.readouterr()
        status = main(["verify", *map(str, arguments)])
        output, errors = capsys.readouterr()
        return status, [*output.splitlines(), *errors.splitlines()]

    return run


def whole_of(kept: Kept, name: Path) -> list[str]:
    return [
        f"{name}: 300 entries of {ORIGIN}",
        f"signed: entries 0 to 299, by {ORIGIN}+{kept.signer.verifier.key_id.hex()}",
        "checkpoints: 3 agree with these entries, 0 do not",
        "data: 300 as recorded, 0 altered, 0 erased, 0 missing",
        "WHOLE",
    ]


def test_a_record_that_nobody_touched_is_whole(kept: Kept, verify: Said) -> None:
    with_key = ("--key", kept.signer.verifier)
    assert verify(kept.database, *with_key) == (WHOLE, whole_of(kept, kept.database))
    assert verify(kept.database, *with_key, "--checkpoint", kept.heartbeats)[0] == WHOLE
    assert verify(kept.export, *with_key, "--checkpoint", kept.heartbeats) == (WHOLE, whole_of(kept, kept.export))


def test_reading_a_record_leaves_no_trace(kept: Kept, verify: Said) -> None:
    before = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in kept.folder.iterdir()}
    assert verify(kept.database, "--key", kept.key)[0] == WHOLE
    assert {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in kept.folder.iterdir()} == before


def test_a_record_is_read_beside_its_console(kept: Kept, verify: Said) -> None:
    """Which has entries in its WAL, and adds more while they are read."""
    with closing(apsw.Connection(str(kept.database))) as console:
        console.execute("UPDATE log SET value = value")
        assert verify(kept.database, "--key", kept.key)[0] == WHOLE
        console.execute("UPDATE entries SET entry = x'00' WHERE seq = 299")  # in the WAL only
        assert verify(kept.database, "--key", kept.key)[1][0] == "entry 299: not an entry"


def test_what_a_console_adds_meanwhile_is_left_for_the_next_time(kept: Kept) -> None:
    with closing(apsw.Connection(str(kept.database))) as console:
        console.execute("UPDATE log SET value = value")
        file = AuditedFile(kept.database)
        rows = file.rows()
        next(rows)
        console.execute(
            "INSERT INTO entries SELECT 300, kind, source, type, subject, traceid, x'01', salt, data_is_json, entry,"
            " data, erased FROM entries WHERE seq = 299;"
            "INSERT INTO checkpoints SELECT 301, note FROM checkpoints WHERE size = 300"
        )
        assert (len([*rows]), len([*file.notes()]), file.size) == (299, 3, 300)
        file.close()


def test_what_a_console_adds_between_opening_and_reading_is_left_too(kept: Kept) -> None:
    with closing(apsw.Connection(str(kept.database))) as console:
        console.execute("UPDATE log SET value = value")
        file = AuditedFile(kept.database)
        console.execute(
            "INSERT INTO entries SELECT 300, kind, source, type, subject, traceid, x'01', salt, data_is_json, entry,"
            " data, erased FROM entries WHERE seq = 299"
        )
        assert len([*file.rows()]) == 300
        file.close()


def test_no_function_of_a_file_is_called_that_its_maker_wrote_into_its_schema(kept: Kept) -> None:
    opened_connections: list[apsw.Connection] = []
    apsw.connection_hooks.append(opened_connections.append)
    try:
        file = AuditedFile(kept.database)
        assert opened_connections[0].pragma("trusted_schema") == 0
        assert opened_connections[0].pragma("cell_size_check") == 1
        file.close()
    finally:
        apsw.connection_hooks.remove(opened_connections.append)


def test_a_file_with_more_damage_than_can_be_gone_through_is_given_up(kept: Kept, verify: Said) -> None:
    """Each entry of a damaged page is looked for by itself."""
    kept.sql(
        "CREATE TABLE copy AS SELECT * FROM entries LIMIT 1; DROP TABLE entries;"
        "CREATE TABLE entries (seq INTEGER PRIMARY KEY, entry, salt, data, erased);"
        "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 10500)"
        " INSERT INTO entries SELECT i, CAST('{' || i AS BLOB), NULL, NULL, NULL FROM n; VACUUM"
    )
    pages = kept.rows("pageno", "dbstat WHERE name = 'entries' AND pagetype = 'leaf'")[:-1]
    content = bytearray(kept.database.read_bytes())
    for (page,) in pages:
        content[(page - 1) * 4096] = 0xFF
    kept.database.write_bytes(content)
    status, said = verify(kept.database, "--key", kept.key)
    assert (status, said) == (
        NOT_CHECKED,
        [f"governance-console: {kept.database} cannot be read: database disk image is malformed"],
    )


def test_what_stands_among_the_records_own_checkpoints_and_is_none_was_put_there(kept: Kept, verify: Said) -> None:
    text = kept.rows("note", "checkpoints")[1][0].partition(b"\n\n")[0] + b"\n"
    for note in ("x'00'", f"x'{text.hex()}'"):
        kept.sql(f"UPDATE checkpoints SET note = {note} WHERE size = 256")
        status, said = verify(kept.database, "--key", kept.key)
        assert (status, said[0]) == (TAMPERED, f"{kept.database}, checkpoint 256: not what a console puts there")
        assert said[2].startswith("signed: entries 0 to 299")


def test_a_console_that_opens_the_file_meanwhile_is_noticed(kept: Kept) -> None:
    with (
        pytest.raises(CommandFailed, match="was opened by a console meanwhile: verify it again"),
        opened(str(kept.database)),
    ):
        console = apsw.Connection(str(kept.database))
        console.execute("UPDATE log SET value = value")
    console.close()


def test_stored_hashes_alone_tell_that_entries_are_missing_at_the_end(kept: Kept, verify: Said) -> None:
    kept.sql("DELETE FROM entries WHERE seq >= 290; DELETE FROM checkpoints WHERE size = 300")
    assert verify(kept.database, "--key", kept.key)[1][0] == "entries 290 to 299: missing"


def test_a_checkpoint_that_vouches_for_nothing_is_not_enough(kept: Kept, verify: Said) -> None:
    kept.sql("DELETE FROM checkpoints")
    nothing = kept.folder / "nothing"
    nothing.write_bytes(kept.signer.sign(Checkpoint(ORIGIN, 0, EMPTY_ROOT).text()))
    assert verify(kept.database, "--key", kept.key, "--checkpoint", nothing)[0] == NOT_CHECKED


def test_what_nobody_signed_is_no_checkpoint_without_a_key_either(kept: Kept, verify: Said) -> None:
    text = kept.rows("note", "checkpoints")[0][0].partition(b"\n\n")[0] + b"\n"
    kept.sql("DELETE FROM checkpoints")
    kept.heartbeats.write_bytes(text)
    status, said = verify(kept.database, "--checkpoint", kept.heartbeats)
    assert (status, said[0]) == (NOT_CHECKED, f"{kept.heartbeats}, line 1 (size 100): not signed")


def test_a_tile_that_is_of_another_type_is_no_tile(kept: Kept, verify: Said) -> None:
    kept.sql(
        "DROP TABLE tiles; CREATE TABLE tiles (id INTEGER PRIMARY KEY, hashes); INSERT INTO tiles VALUES (0, NULL)"
    )
    status, said = verify(kept.database, "--key", kept.key)
    assert status == TAMPERED
    assert "entries 0 to 255: whole, but the stored hashes over it are damaged (tile 0 of level 0 is cut)" in said


def test_a_file_from_before_hashes_were_stored_is_told_so_and_that_is_no_fault(kept: Kept, verify: Said) -> None:
    kept.sql("DROP TABLE tiles; DROP TABLE checkpoints; PRAGMA user_version = 2")
    status, said = verify(kept.database, "--key", kept.key, "--checkpoint", kept.heartbeats)
    assert (status, said[3]) == (
        WHOLE,
        "an older console wrote this file, and stored no hashes yet: the upgrade makes them",
    )


CHANGED = "among these something was altered, put in or taken out"
REWRITTEN = "UPDATE entries SET entry = CAST(replace(CAST(entry AS TEXT), 'planner', 'plunder') AS BLOB)"
SWAP = (
    "CREATE TEMP TABLE t AS SELECT 23 - seq AS seq, entry, salt, data FROM entries WHERE seq IN (11, 12);"
    "UPDATE entries SET (entry, salt, data) = (SELECT entry, salt, data FROM t WHERE t.seq = entries.seq)"
    " WHERE seq IN (11, 12)"
)
COPY = (
    "INSERT INTO entries SELECT {}, kind, source, type, subject, traceid, x'01', salt, data_is_json, entry,"
    " data, erased FROM entries WHERE seq = 17"
)


@pytest.mark.parametrize(
    ("sql", "findings"),
    [
        (
            REWRITTEN + " WHERE seq = 17",
            ["entry 17: altered"],
        ),
        ("UPDATE entries SET entry = x'00' WHERE seq = 17", ["entry 17: not an entry", "entry 17: altered"]),
        ("UPDATE entries SET data = x'00' WHERE seq = 17", ["entry 17: the data is not what was recorded"]),
        ("UPDATE entries SET salt = x'00' WHERE seq = 17", ["entry 17: the data is not what was recorded"]),
        (
            "UPDATE entries SET salt = NULL, data = NULL WHERE seq IN (17, 18)",
            ["entries 17 to 18: the data is missing, and not marked as erased"],
        ),
        ("DELETE FROM entries WHERE seq = 17", ["entry 17: missing"]),
        ("DELETE FROM entries WHERE seq < 2", ["entries 0 to 1: missing"]),
        ("DELETE FROM entries WHERE seq >= 290", ["entries 290 to 299: missing"]),
        ("DELETE FROM entries", ["entries 0 to 299: missing"]),
        (
            SWAP,
            [
                "entry 11: says that it is another one (12)",
                "entry 12: says that it is another one (11)",
                "entries 11 to 12: altered",
            ],
        ),
        (
            COPY.format(300),
            [
                "entry 300: says that it is another one (17)",
                "entries 256 to 300: whole, but the stored hashes over it are damaged (tile 1 of level 0 is cut)",
            ],
        ),
        (COPY.format(-5), ["entry -5: here again or in the wrong place (after entry -1)"]),
        (
            "UPDATE tiles SET hashes = zeroblob(length(hashes)) WHERE id = 1 << 48",
            ["entries 0 to 255: whole, but the stored hashes over it are damaged (tile 0 of level 1)"],
        ),
        (
            "UPDATE tiles SET hashes = substr(hashes, 2) WHERE id = 0",
            ["entries 0 to 255: whole, but the stored hashes over it are damaged (tile 0 of level 0 is cut)"],
        ),
        (
            "DROP TABLE tiles; UPDATE entries SET entry = x'00' WHERE seq = 17",
            [
                "entries 0 to 299: the stored hashes over it are missing",
                "entry 17: not an entry",
                f"entries 0 to 99: {CHANGED}",
            ],
        ),
        ("DROP TABLE tiles", ["entries 0 to 299: the stored hashes over it are missing"]),
        ("DROP TABLE tiles; PRAGMA user_version = 2", ["entries 0 to 299: the stored hashes over it are missing"]),
        ("DELETE FROM tiles WHERE id = 1", ["entries 256 to 299: the stored hashes over it are missing"]),
        ("DELETE FROM tiles WHERE id = 1 << 48", ["entries 0 to 255: the stored hashes over it are missing"]),
        (
            "DELETE FROM tiles WHERE id = 0",
            ["entries 0 to 255: whole, but the stored hashes over it are damaged (tile 0 of level 0 is cut)"],
        ),
    ],
    ids=lambda one: one.partition(" WHERE")[0][:50] if isinstance(one, str) else "",
)
def test_what_was_done_to_the_file_is_named(kept: Kept, verify: Said, sql: str, findings: list[str]) -> None:
    kept.sql(sql)
    status, said = verify(kept.database, "--key", kept.key)
    assert said[: len(findings)] == findings
    assert said[len(findings)].startswith(f"{kept.database}: ")
    assert (status, said[-1]) == (TAMPERED, "TAMPERED: what is named above speaks against this record")


def forger() -> Signer:
    return Signer(ORIGIN, parse_private_key(new_private_key()))


def test_a_record_that_was_written_anew_is_caught_by_what_its_key_signed(kept: Kept, verify: Said) -> None:
    kept.sql(REWRITTEN + " WHERE seq >= 120; DELETE FROM checkpoints")
    hash_anew(kept, forger(), 300)
    status, said = verify(kept.database, "--key", kept.key)
    assert (status, said[0]) == (TAMPERED, f"{kept.database}, checkpoint 300 (size 300): signed by another key")
    kept.sql("DELETE FROM checkpoints")
    assert verify(kept.database, "--key", kept.key)[0] == NOT_CHECKED
    status, said = verify(kept.database, "--key", kept.key, "--checkpoint", kept.heartbeats)
    assert (status, said[0]) == (TAMPERED, f"entries 100 to 255: {CHANGED}")


def test_a_record_that_its_own_key_signed_anew_is_caught_by_a_heartbeat_kept_elsewhere(
    kept: Kept, verify: Said
) -> None:
    kept.sql(REWRITTEN + " WHERE seq >= 120; DELETE FROM checkpoints")
    hash_anew(kept, kept.signer, 300)
    assert verify(kept.database, "--key", kept.key)[0] == WHOLE
    status, said = verify(kept.database, "--key", kept.key, "--checkpoint", kept.heartbeats)
    assert status == TAMPERED
    assert said[0].startswith("two histories were signed: they split somewhere in entries 100 to 255")


def test_a_record_that_was_set_back_is_caught_by_a_heartbeat_kept_elsewhere(kept: Kept, verify: Said) -> None:
    kept.sql("DELETE FROM entries WHERE seq >= 256; DELETE FROM checkpoints WHERE size > 256")
    hash_anew(kept, kept.signer, 256)
    assert verify(kept.database, "--key", kept.key)[0] == WHOLE
    status, said = verify(kept.database, "--key", kept.key, "--checkpoint", kept.heartbeats)
    assert (status, said[0]) == (TAMPERED, "entries 256 to 299: missing")


@pytest.mark.parametrize(("sql", "status"), [("", WHOLE), ("DELETE FROM entries WHERE seq = 5", TAMPERED)])
def test_the_status_is_the_verdicts_where_nobody_reads_on(kept: Kept, sql: str, status: int) -> None:
    kept.sql(sql)
    assert unread(kept.folder, "verify", "governance.db", "--key", "log.key") == (status, b"")


def test_a_key_that_nobody_reads_is_no_traceback(kept: Kept) -> None:
    assert unread(kept.folder, "keygen", "--show", "log.key", "--origin", "a") == (NOT_CHECKED, b"")


def unread(folder: Path, *arguments: str) -> tuple[int, bytes]:
    """Status and errors of a command whose standard output nobody reads."""
    ours, theirs = os.pipe()
    os.close(ours)
    try:
        command = [sys.executable, str(RUN), *arguments]
        ended = subprocess.run(
            command, cwd=folder, env=clean_environment(), stdout=theirs, stderr=subprocess.PIPE, timeout=20, check=False
        )
    finally:
        os.close(theirs)
    return ended.returncode, ended.stderr


LATER = "an export taken before that checkpoint looks the same: give one that was taken before the export"


def test_an_export_that_is_only_shorter_may_be_older_than_the_checkpoint(kept: Kept, verify: Said) -> None:
    with_both = ("--key", kept.key, "--checkpoint", kept.heartbeats)
    lines = kept.lines()
    kept.export.write_bytes(b"".join(lines[:290]))
    status, said = verify(kept.export, *with_both)
    assert (status, said[0], LATER in said) == (TAMPERED, "entries 290 to 299: missing", True)
    kept.export.write_bytes(b"".join([*lines[:17], *lines[18:290]]))
    assert LATER not in verify(kept.export, *with_both)[1]
    kept.sql("DELETE FROM entries WHERE seq >= 290")
    assert LATER not in verify(kept.database, *with_both)[1]


def test_an_export_that_is_newest_first_is_told_so_in_a_sentence(kept: Kept, verify: Said) -> None:
    lines = kept.lines()
    kept.export.write_bytes(b"".join(reversed(lines)))
    assert verify(kept.export, "--key", kept.key, "--checkpoint", kept.heartbeats) == (
        NOT_CHECKED,
        [f"governance-console: {kept.export}: this export is newest first: export without --before, all of it"],
    )
    kept.export.write_bytes(b"".join([lines[1], lines[0], *lines[2:]]))
    assert verify(kept.export, "--key", kept.key, "--checkpoint", kept.heartbeats)[0] == TAMPERED


def test_a_record_whose_name_was_altered_is_known_by_what_was_signed(kept: Kept, verify: Said) -> None:
    kept.sql("UPDATE log SET value = 'log.example/9' WHERE name = 'origin'")
    status, said = verify(kept.database, "--key", kept.signer.verifier)
    assert (status, said[0]) == (
        TAMPERED,
        f"the log's name was altered: log.example/9, and not {ORIGIN} as it was signed",
    )
    assert len(said) == 6
    kept.sql(REWRITTEN + "; DELETE FROM tiles")  # nothing in it is what the key signed
    assert verify(kept.database, "--key", kept.signer.verifier) == (
        NOT_CHECKED,
        [f"governance-console: this is the record of log.example/9, and the key is for {ORIGIN}"],
    )


def test_without_a_key_agreement_is_not_called_proof(kept: Kept, verify: Said) -> None:
    status, said = verify(kept.database)
    assert (status, said[0]) == (NOT_CHECKED, "no key was given: who signed the checkpoints was not checked")
    assert "signed: entries 0 to 299, by a key that was not checked" in said
    kept.sql("DELETE FROM entries WHERE seq = 5")
    assert verify(kept.database)[0] == TAMPERED


def of_another_log(kept: Kept, name: str = "log.example/0") -> bytes:
    """A checkpoint of the log before a ``recover``, whose key was kept."""
    return Signer(name, parse_private_key(kept.key.read_bytes())).sign(Checkpoint(name, 400, bytes(32)).text())


def test_checkpoints_of_another_log_speak_neither_for_nor_against_this_one(kept: Kept, verify: Said) -> None:
    kept.heartbeats.write_bytes(of_another_log(kept) + kept.heartbeats.read_bytes() + of_another_log(kept, "b"))
    for record in (kept.database, kept.export):
        status, said = verify(record, "--key", kept.signer.verifier, "--checkpoint", kept.heartbeats)
        assert (status, said[3:5]) == (
            WHOLE,
            [
                "of another log, and not compared: 1 checkpoint of b",
                "of another log, and not compared: 1 checkpoint of log.example/0",
            ],
        )
    assert verify(kept.database, "--key", kept.key, "--checkpoint", kept.heartbeats)[0] == WHOLE
    assert verify(kept.export, "--key", kept.key, "--checkpoint", kept.heartbeats) == (
        NOT_CHECKED,
        ["governance-console: these checkpoints are of log.example/0 and of log.example/1: give the key of one log"],
    )


def test_where_nothing_that_was_given_is_of_this_log_it_is_not_called_whole(kept: Kept, verify: Said) -> None:
    kept.heartbeats.write_bytes(of_another_log(kept))
    status, said = verify(kept.database, "--key", kept.key, "--checkpoint", kept.heartbeats)
    assert (status, said[0].partition(":")[0]) == (NOT_CHECKED, "no checkpoint that was given is of this log")
    text = Checkpoint("log.example/0", 300, bytes(32)).text()
    kept.sql(f"UPDATE checkpoints SET note = x'{kept.signer.sign(text).hex()}' WHERE size = 300")
    assert verify(kept.database, "--key", kept.key)[0] == TAMPERED  # there only the console writes


def test_of_keys_of_several_logs_those_of_this_one_count(kept: Kept, verify: Said) -> None:
    other = Signer("b", parse_private_key(new_private_key())).verifier
    keys = kept.folder / "verifier-keys"
    keys.write_text(f"{other}\n{kept.signer.verifier}\n", encoding="utf-8")
    assert verify(kept.database, "--key", keys) == (WHOLE, whole_of(kept, kept.database))
    assert verify(kept.export, "--key", keys, "--checkpoint", kept.heartbeats)[0] == WHOLE
    for names, record in ((f"{other}\n", kept.database), (f"{other}\n{other}\n", kept.database)):
        keys.write_text(names, encoding="utf-8")
        status, said = verify(record, "--key", keys)
        assert (status, len(said)) == (NOT_CHECKED, 1)
        assert f"this is the record of {ORIGIN}, and the key is for b" in said[0]


def test_entries_that_were_not_signed_yet_are_told_and_no_fault(kept: Kept, verify: Said) -> None:
    kept.sql("DELETE FROM checkpoints WHERE size = 300")
    status, said = verify(kept.database, "--key", kept.key)
    assert (status, said[2]) == (WHOLE, "not signed yet, or not as it is here: entries 256 to 299")
    kept.sql("DELETE FROM checkpoints")
    assert verify(kept.database, "--key", kept.key)[0] == NOT_CHECKED


@pytest.mark.parametrize(
    ("tamper", "findings"),
    [
        (lambda at: [at[17], *at[1:]], ["entry 0: says that it is another one (17)"]),
        (lambda at: [*at[:17], at[17].replace(b"planner", b"plunder"), *at[18:]], [f"entries 0 to 99: {CHANGED}"]),
        (lambda at: [*at[:17], at[17].replace(b'"n":17', b'"n":71'), *at[18:]], ["entry 17: the data is not what"]),
        (lambda at: [*at[:17], *at[18:]], ["entry 17: missing"]),
        (lambda at: at[1:], ["entry 0: missing"]),
        (lambda at: at[:290], ["entries 290 to 299: missing"]),
        (lambda at: [*at[:299], at[299][:-9]], ["entry 299: not an entry", f"entries 256 to 299: {CHANGED}"]),
        (lambda at: [*at[:18], *at[17:]], ["entry 17: here again or in the wrong place (after entry 17)"]),
        (
            lambda at: [*at[:17], at[18], at[17], *at[19:]],
            ["entry 17: missing", "entry 17: here again or in the wrong place (after entry 18)"],
        ),
        (lambda at: [b"#" + at[0], *at[1:]], ["entry 0: not an entry"]),
        (lambda at: [b"x" * 9_000_000 + b"\n", *at[1:]], ["entry 0: not an entry"]),
        (lambda at: [], ["entries 0 to 299: missing"]),
    ],
    ids=["first", "entry", "data", "deleted", "deleted first", "end", "cut", "twice", "swap", "noise", "long", "all"],
)
def test_what_was_done_to_an_export_is_named(
    kept: Kept, verify: Said, tamper: Callable[[list[bytes]], list[bytes]], findings: list[str]
) -> None:
    kept.export.write_bytes(b"".join(tamper(kept.lines())))
    status, said = verify(kept.export, "--key", kept.signer.verifier, "--checkpoint", kept.heartbeats)
    assert status == TAMPERED
    assert all(one.startswith(other) for one, other in zip(said, findings, strict=False)), said


def test_an_export_is_taken_from_standard_input(kept: Kept) -> None:
    arguments = ("verify", "-", "--key", "log.key", "--checkpoint", "heartbeats.log")
    ended = run_to_end(kept.folder, *arguments, stdin=kept.export.read_bytes())
    assert (ended.status, ended.errors) == (WHOLE, "")
    assert ended.output.splitlines()[0] == f"standard input: 300 entries of {ORIGIN}"


def test_keys_are_taken_in_every_form_and_a_new_key_beside_the_old(kept: Kept, verify: Said, tmp_path: Path) -> None:
    old, new = kept.signer, forger()
    hash_anew(kept, new, 300)
    assert verify(kept.database, "--key", old.verifier)[0] == TAMPERED
    assert verify(kept.database, "--key", old.verifier, "--key", new.verifier)[0] == WHOLE
    both = tmp_path / "verifier-keys"
    both.write_text(f"{old.verifier}\n{new.verifier}\n", encoding="utf-8")
    assert verify(kept.database, "--key", both)[0] == WHOLE


def test_a_file_without_a_checkpoint_is_no_evidence(kept: Kept, verify: Said) -> None:
    kept.heartbeats.write_text('< {"type":"entry"}\n', encoding="utf-8")
    status, said = verify(kept.database, "--key", kept.key, "--checkpoint", kept.heartbeats)
    assert (status, said[0]) == (NOT_CHECKED, f"{kept.heartbeats}: there is no checkpoint in it")


def test_what_cannot_be_checked_is_a_sentence(kept: Kept, verify: Said, here: Path) -> None:
    folder = here
    assert folder == kept.folder
    shutil.copy(kept.database, folder / "newer.db")
    with closing(apsw.Connection(str(folder / "newer.db"))) as file:
        file.pragma("user_version", 99)
    with closing(apsw.Connection(str(folder / "other.db"))) as file:
        file.execute("CREATE TABLE t (a)")
    shutil.copy(kept.database, folder / "view.db")
    with closing(apsw.Connection(str(folder / "view.db"))) as file:
        file.execute("ALTER TABLE entries RENAME TO hidden; CREATE VIEW entries AS SELECT * FROM hidden")
    (folder / "noise.db").write_bytes(bytes(5000))
    other = Signer("other.example", parse_private_key(new_private_key())).verifier
    for arguments, sentence in (
        (["none.db"], "none.db cannot be read: no such file or directory"),
        (["."], ". cannot be read: is a directory"),
        (["a\0b"], "that is no name of a file"),
        (["/dev/null"], "/dev/null cannot be read: it is no file"),
        (["newer.db"], "was written by a newer console (schema 99"),
        (["other.db"], "is a SQLite database, and not a record of this console"),
        (["view.db"], "has no table of entries"),
        (["noise.db"], "noise.db cannot be read: "),
        (["governance.db", "--key", other], f"this is the record of {ORIGIN}, and the key is for other.example"),
        (["governance.db", "--key", "a+b+c"], "--key: this is not the verifier key"),
        (["governance.db", "--key", "none"], "none cannot be read: no such file or directory"),
        (["governance.db", "--key", "governance.db"], "neither a verifier key nor a key's file"),
        (["governance.db", "--key", "x" * 5000], "cannot be read: file name too long"),
        (["governance.db", "--checkpoint", "none"], "none cannot be read: no such file or directory"),
        (["-", "--checkpoint", "-"], "standard input can be read once only"),
    ):
        status, said = verify(*arguments)
        assert (status, len(said)) == (NOT_CHECKED, 1), said
        assert sentence in said[0]


def test_a_page_that_cannot_be_read_costs_the_entries_in_it_and_no_others(kept: Kept, verify: Said) -> None:
    content = kept.database.read_bytes()
    page = content.index(b'{"seq":17,') // 4096 * 4096
    kept.database.write_bytes(content[:page] + b"\xff" + content[page + 1 :])
    status, said = verify(kept.database, "--key", kept.key)
    unreadable = re.fullmatch(r"entries (\d+) to (\d+): not an entry", said[0])
    assert unreadable is not None, said
    first, last = map(int, unreadable.groups())
    assert first <= 17 <= last < first + 20
    assert status == TAMPERED
    assert said[2].startswith("signed: entries 0 to 299, by "), said


def flip(content: bytes, at: int) -> bytes:
    return content[:at] + bytes([content[at] ^ 1 << at % 8]) + content[at + 1 :]


def content_of(path: Path) -> list[object] | None:
    """What the console itself would show of this file."""
    try:
        with closing(apsw.Connection(str(path))) as file:
            return [*file.execute("SELECT seq, entry, salt, data FROM entries ORDER BY seq")]
    except (apsw.Error, UnicodeDecodeError):
        return None


def flip_database(folder: Path, step: int, first: int = 0) -> None:
    """Flip bits of a whole database: it is named, or it is harmless, as everything that was signed is still there."""
    kept = asyncio.run(keep(folder, [3]))
    content, rows = kept.database.read_bytes(), content_of(kept.database)
    found = 0
    for at in range(first, len(content), step):
        kept.database.write_bytes(flip(content, at))
        status, sentence = judged(kept.database, kept, ())
        if status == WHOLE:
            assert content_of(kept.database) == rows, (at, sentence)
        else:
            assert re.search(
                r"entr|cannot be read|not a record|newer console|the record of|checkpoint|the log's name", sentence
            ), at
            found += 1
    assert found


def flip_export(folder: Path, step: int) -> None:
    kept = asyncio.run(keep(folder, [3]))
    content = kept.export.read_bytes()
    for at in range(0, len(content), step):
        kept.export.write_bytes(flip(content, at))
        assert judged(kept.export, kept, [str(kept.heartbeats)])[0] == TAMPERED, at


def judged(record: Path, kept: Kept, files: Sequence[str]) -> tuple[int, str]:
    """Status and first sentence, as the command line has them."""
    try:
        with opened(str(record)) as material:
            outcome = judge(material, [kept.signer.verifier], files, Progress(io.StringIO()))
    except CommandFailed as error:
        return NOT_CHECKED, str(error)
    return outcome.status, outcome.sentences[0]


def test_flipped_bits_are_found_wherever_they_are(tmp_path: Path) -> None:
    (tmp_path / "export").mkdir()
    flip_database(tmp_path, 2503)
    flip_export(tmp_path / "export", 97)


@pytest.mark.soak
@pytest.mark.parametrize("first", range(4))
def test_every_flipped_byte_of_a_database_is_found(tmp_path: Path, first: int) -> None:
    flip_database(tmp_path, 4, first)


@pytest.mark.soak
def test_every_flipped_byte_of_an_export_is_found(tmp_path: Path) -> None:
    flip_export(tmp_path, 1)
