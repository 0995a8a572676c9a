"""``python run.py verify``: is this record whole, and what was signed? Without the console, and without the network."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Final

from governance_console.cli.before import First
from governance_console.cli.keys import trusted
from governance_console.cli.livelog import LiveLog
from governance_console.cli.material import Material, kept, opened
from governance_console.cli.remote import connected
from governance_console.cli.terminal import Progress, in_thread, put, run
from governance_console.display import printable
from governance_console.errors import CommandFailed, Malformed, ReaderLeft
from governance_console.evidence import Evidence, origin_of
from governance_console.findings import Finding, Findings, Kind
from governance_console.notes import VerifierKey, is_key_name, parse_verifier_key
from governance_console.verify import Verdict, verify

WHOLE: Final = 0
TAMPERED: Final = 1
NOT_CHECKED: Final = 2

_EPILOG: Final = """\
It reads entries, hashes and checkpoints, works out the tree anew (RFC 6962), and says what differs from what was
signed, and where. Nothing that it reads is believed. For a file it needs no console, no network and no setting.

What it takes:
  the record      the console's database, also while the console runs, or a whole export of it; or a URL, of which
                  history, hashes and checkpoint are read as everybody is shown them
  --key           whose signatures count: the verifier key that you noted when the log began (GET /api/log, keygen
                  --show). Without one the entries are compared with the checkpoints, but anybody could have made those.
  --checkpoint    what you kept elsewhere: saved heartbeats, checkpoints, a heartbeats.log of wscat, in any order.
                  A record that was written anew from its first entry, or cut at its end, disagrees with these only.

examples:
  python run.py verify data/governance.db --key data/log.key
  python run.py verify data/governance.db --key 'log.example.net+1a2b3c4d+Ae…' --checkpoint heartbeats.log
  python run.py verify record.ndjson --key verifier-keys --checkpoint heartbeats.log --checkpoint last.txt
                  (of an export, checkpoints from before it: an export taken before a checkpoint looks as if it was cut)
  python run.py verify https://console.example.net --key verifier-keys --checkpoint heartbeats.log
  zcat record.ndjson.gz | python run.py verify - --key verifier-keys --checkpoint last.txt

exit status: 0 whole: all that was signed is here as it was signed; 1 tampered: each thing that is wrong is named;
2 it could not be checked, or not wholly, and why
"""


def add_to(commands: Any) -> None:
    """Add the subcommand."""
    parser = commands.add_parser(
        "verify",
        help="prove that a record is whole, or say where it is not",
        description="Prove that a record is whole and is what was signed, or say precisely where it is not.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "record",
        metavar="RECORD",
        help="a database, an export (NDJSON), - for standard input, or a console's URL",
    )
    parser.add_argument(
        "--checkpoint", metavar="FILE", action="append", default=[], help="checkpoints or heartbeats kept elsewhere"
    )
    parser.add_argument(
        "--key", metavar="KEY", action="append", default=[], help="a verifier key, or a file of keys; again for more"
    )
    parser.add_argument(
        "--token", help="what a console asks for (default: OPERATOR_TOKEN from the environment or .env)"
    )
    parser.set_defaults(run=_run)


def _run(chosen: argparse.Namespace) -> int:
    if [chosen.record, *chosen.checkpoint].count("-") > 1:
        raise CommandFailed("standard input can be read once only")
    keys = trusted(chosen.key)
    if chosen.record.startswith(("http://", "https://")):
        return run(_live(chosen, keys))
    with Progress(sys.stderr) as progress, opened(chosen.record) as material:
        outcome = judge(material, keys, chosen.checkpoint, progress)
    return _told(outcome)


async def _live(chosen: argparse.Namespace, keys: Sequence[VerifierKey]) -> int:
    async with connected(argparse.Namespace(url=chosen.record, token=chosen.token)) as remote:
        await remote.greet(to_read=True)
        material = await LiveLog(remote).material()
        with Progress(sys.stderr) as progress:
            outcome = await in_thread(lambda: judge(material, keys, chosen.checkpoint, progress))
    return _told(outcome)


def _told(outcome: Outcome) -> int:
    with suppress(ReaderLeft):  # the status is the verdict's, whoever reads on
        for line in outcome.sentences:
            put(f"{printable(line)}\n".encode(errors="backslashreplace"))
    return outcome.status


@dataclass(frozen=True, slots=True)
class Outcome:
    """``status`` is WHOLE, TAMPERED or NOT_CHECKED; the sentences say what is wrong first, and the outcome last."""

    status: int
    sentences: Sequence[str]
    verdict: Verdict
    signed: int
    """The largest size that was signed for this log, of what was given and what the record has itself."""


def judge(material: Material, given: Sequence[VerifierKey], files: Sequence[str], progress: Progress) -> Outcome:
    """Verify a log against keys and files of checkpoints. Raises CommandFailed."""
    findings, evidence = Findings(), Evidence()
    origin, keys = _collect(material, given, files, evidence, findings)

    def watch(done: int) -> None:
        progress.draw("verify", done, material.share(done), "entries")

    for gap in material.gaps:
        findings.add(Kind.NO_HASHES, *gap)
    first = First()
    verdict = verify(first.of(material.records), evidence, findings, material.stored, watch, material.later)
    if material.origin not in ("", origin):
        if not verdict.proved:
            raise _of_another(material, origin)
        # The key's own checkpoints have just these entries in them: it is this log, under another's name.
        renamed = Finding(Kind.ORIGIN_ALTERED, detail=f"{material.origin}, and not {origin} as it was signed")
        verdict = replace(verdict, findings=(renamed, *verdict.findings))
    status = _status(verdict)
    aside = [*first.compared(evidence.others)]
    if material.is_export and _is_only_shorter(verdict):
        aside.append("an export taken before that checkpoint looks the same: give one that was taken before the export")
    if material.is_before_hashes:
        aside.append("an older console wrote this file, and stored no hashes yet: the upgrade makes them")
    sentences = [*_report(material.name, origin, keys, verdict, status, aside)]
    return Outcome(status, sentences, verdict, max(evidence.roots, default=0))


def _collect(
    material: Material, given: Sequence[VerifierKey], files: Sequence[str], evidence: Evidence, findings: Findings
) -> tuple[str, Sequence[VerifierKey]]:
    """Gather the checkpoints; returns the log's name and the keys that count, under that name.

    The name is the keys' own, where they have one: what is to be checked does not choose what it is checked as.
    """
    origin = _named(material, given)
    is_told = bool(origin)
    keys = given or _offered(material)
    for where, note, is_own in _notes(material, files, findings):
        if not is_told:
            says = origin_of(note)
            if origin and says and says != origin:
                raise CommandFailed(f"these checkpoints are of {origin} and of {says}: give the key of one log")
            origin = origin or says
        evidence.add(note, where, _under(origin, keys) if keys else None, origin, findings, is_own=is_own)
    if given and material.origin not in ("", origin) and not evidence.roots:
        raise _of_another(material, origin)
    if given and origin and not _under(origin, given):
        raise CommandFailed(f"this is the record of {origin}, and none of the keys is for it")
    if evidence.others and not evidence.has_given:
        findings.add(Kind.NONE_HERE)
    if not given and evidence.roots:
        offered = (
            f"; it says that its key is {material.key}, to be compared with what you noted" if material.key else ""
        )
        findings.add(Kind.NO_KEY, detail=offered)
    return origin, _under(origin, keys)


def _named(material: Material, given: Sequence[VerifierKey]) -> str:
    """The log's name as far as keys or record tell it, or the empty string. Raises CommandFailed."""
    names = sorted({key.name for key in given if key.name})
    if len(names) > 1 and material.origin and material.origin not in names:
        raise _of_another(material, " and ".join(names))
    return names[0] if len(names) == 1 else material.origin


def _of_another(material: Material, name: str) -> CommandFailed:
    return CommandFailed(f"this is the record of {material.origin}, and the key is for {name}")


def _offered(material: Material) -> Sequence[VerifierKey]:
    try:
        return [parse_verifier_key(material.key)] if material.key else []
    except Malformed as error:
        raise CommandFailed(f"{material.name} offers a key, and {error}") from None


def _notes(material: Material, files: Sequence[str], findings: Findings) -> Iterator[tuple[str, bytes, bool]]:
    """Each with where it stands, and whether that is the log's own place."""
    for where, note in material.notes:
        yield where, note, True
    for name in files:
        found = 0
        for where, note in kept(name):
            found += 1
            yield where, note, False
        if not found:
            findings.add(Kind.NO_EVIDENCE, detail=name)


def _under(origin: str, keys: Sequence[VerifierKey]) -> Sequence[VerifierKey]:
    """The keys that are this log's; one without a name is under any."""
    named = (key if key.name or not is_key_name(origin) else replace(key, name=origin) for key in keys)
    return [key for key in named if key.name in ("", origin)]


def _is_only_shorter(verdict: Verdict) -> bool:
    """Whether entries missing at the end are all that speaks against it."""
    wrong = [each for each in verdict.findings if each.kind.is_tampering]
    return [(each.kind, each.first) for each in wrong] == [(Kind.MISSING, verdict.size)]


def _status(verdict: Verdict) -> int:
    if verdict.is_tampered:
        return TAMPERED
    return NOT_CHECKED if verdict.findings or (verdict.size and not verdict.proved) else WHOLE


def _report(
    name: str, origin: str, keys: Sequence[VerifierKey], verdict: Verdict, status: int, aside: Sequence[str]
) -> Iterator[str]:
    """What was found, and what it was held against, in sentences."""
    yield from (str(finding) for finding in verdict.findings)
    if verdict.dropped:
        yield f"and {verdict.dropped:,} more of that kind"
    yield f"{name}: {verdict.size:,} entries of {origin or 'a log that nothing here names'}"
    by = " or ".join(f"{key.name}+{key.key_id.hex()}" for key in keys) if keys else "a key that was not checked"
    but = ", but for what is named above" if status == TAMPERED else ""
    if verdict.proved:
        yield f"signed: {_range(0, verdict.proved)}, by {by}{but}"
    if verdict.size > verdict.proved:
        yield f"not signed yet, or not as it is here: {_range(verdict.proved, verdict.size)}"
    answers = [each.agrees for each in verdict.compared]
    yield (
        f"checkpoints: {answers.count(True):,} agree with these entries, {answers.count(False):,} do not"
        + (f", {answers.count(None):,} could not be compared" if None in answers else "")
    )
    yield from aside
    data = verdict.data
    yield (
        f"data: {data.whole:,} as recorded, {data.altered:,} altered, {data.erased:,} erased, {data.missing:,} missing"
    )
    yield {
        WHOLE: "WHOLE",
        TAMPERED: "TAMPERED: what is named above speaks against this record",
        NOT_CHECKED: "NOT CHECKED: nothing was found to be wrong, but something was missing to be sure",
    }[status]


def _range(start: int, stop: int) -> str:
    return f"entry {start:,}" if stop == start + 1 else f"entries {start:,} to {stop - 1:,}"
