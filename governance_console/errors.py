"""Everything that can go wrong, as one tree.

::

    ConsoleError
    ├── CannotStart             one sentence for the person at the terminal; exit status 2
    │   └── SettingsError       every wrong setting at once, by name
    ├── CommandFailed           a command cannot do what it was asked to; one sentence; exit status 2
    │   └── NotReached          the console did not answer; it may the next time
    ├── InUse                   another process has what only one may have
    ├── InputError              what somebody sent is at fault; sending it again changes nothing
    │   ├── Malformed           not UTF-8, not JSON, nested too deep, not in its format
    │   ├── Unacceptable        well-formed, but not an event, a query or a cursor
    │   ├── Unsupported         a media type, charset or encoding that is not taken
    │   ├── TooLarge            past a limit
    │   └── Conflict            the same event, recorded earlier with other content
    ├── Denied                  who asks may not
    │   ├── Unauthenticated     no credential, or none that is valid
    │   ├── Forbidden           a valid one that may not, or a foreign Origin or Host
    │   └── NotVouched          the provider let nobody in, or does not vouch for who that is
    ├── TooSlow                 the body came too slowly, or stopped coming
    ├── Refused                 not now: there is too much of something; come again after so many seconds
    │   ├── TooMany             who asks has, or failed, too often
    │   └── Overloaded          the console has as much to do as it takes on
    ├── SignInLost              what came back from the provider is not what this browser was sent there with
    ├── ProviderFailed          what the sign-in provider said cannot be believed, or used
    │   ├── UnknownKey          it is signed with a key that the provider has not published
    │   └── ProviderAway        it does not answer, or says that it cannot now
    ├── SigningRefused          what was signed before and the record contradict each other
    ├── PositionLost            a watcher's cursor means nothing in this log
    ├── RecordUnreadable        this part of the record cannot be read; the rest of it may be
    └── RecordUnavailable       the record cannot be written now; the outcome is unknown
        ├── QueueFull           too much is waiting to be committed
        ├── StorageFull         no space left; clears by itself
        └── StorageFailed       the store can no longer be trusted; latched until a restart
            └── StorageGone     its files are not where they were; what is still open may be the last copy

HTTP statuses are chosen in ``api/problems.py``, nowhere else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


def reason(error: OSError) -> str:
    """What the system says of its error, to follow a colon."""
    return (error.strerror or str(error)).lower()


class ConsoleError(Exception):
    """The root of the tree. ``str(error)`` is a sentence for people and holds no secret."""


class CannotStart(ConsoleError):
    """The console cannot start; the text says what is wrong, where, and what to do."""


class SettingsError(CannotStart):
    """One or more settings are wrong; ``problems`` has one sentence each."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


class CommandFailed(ConsoleError):
    """A command of the command line cannot go on; the text says why, in one sentence."""


class ReaderLeft(Exception):
    """Whoever read our standard output has left, as ``head`` does when it has enough."""


class NotReached(CommandFailed):
    """The console did not answer, or asked for patience. ``after`` is how long it asked for, in seconds."""

    def __init__(self, detail: str, after: float = 0.0) -> None:
        super().__init__(detail)
        self.after = after


class InUse(ConsoleError):
    """Another process has what only one may have. ``holder`` names it, as " (process 4711)", where that is known."""

    def __init__(self, holder: str, where: str) -> None:
        super().__init__(f"another process{holder} holds {where}")
        self.holder = holder


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one item of a request.

    ``item`` counts from 0; ``pointer`` is an RFC 6901 JSON pointer into that item.
    """

    item: int
    pointer: str
    detail: str


class InputError(ConsoleError):
    """What was sent is at fault. ``faults`` names the items, where items are at fault."""

    def __init__(self, detail: str, faults: Sequence[Fault] = ()) -> None:
        super().__init__(detail)
        self.faults = tuple(faults)


class Malformed(InputError):
    """Not UTF-8, not JSON, nested too deep, or not in the format it has to have."""


class Unacceptable(InputError):
    """Well-formed, but not what is taken here."""


class Unsupported(InputError):
    """A Content-Type, charset or Content-Encoding that is not taken."""


class TooLarge(InputError):
    """Past one of the limits in ``limits.py``."""


class Conflict(InputError):
    """``(principal, source, id)`` was recorded earlier with other content."""


class Denied(ConsoleError):
    """Who asks may not."""


class Unauthenticated(Denied):
    """No credential was presented, or none that is valid."""


class Forbidden(Denied):
    """A valid credential that may not do this, or a foreign Origin or Host."""


class TooSlow(ConsoleError):
    """The body of a request came more slowly than is waited for."""


class Refused(ConsoleError):
    """Not now. ``after`` is when to come again, in seconds; ``limit`` names the bound, for the metrics."""

    def __init__(self, detail: str, after: float, limit: str) -> None:
        super().__init__(detail)
        self.after = after
        self.limit = limit


class TooMany(Refused):
    """Who asks holds too many of something, or failed too often."""


class Overloaded(Refused):
    """The console has as much to do as it takes on. Nothing of the request was done."""


class NotVouched(Denied):
    """The provider let nobody in, or does not vouch for the e-mail address of who came."""


class SignInLost(ConsoleError):
    """What came back from the provider was not begun in this browser, or too long ago, or is used up."""


class ProviderFailed(ConsoleError):
    """What the sign-in provider said cannot be believed, or used."""


class UnknownKey(ProviderFailed):
    """An ID token names a key that is not among the provider's: perhaps they were exchanged."""


class ProviderAway(ProviderFailed):
    """The provider does not answer, or says that it cannot now; token sign-in goes on."""


class PositionLost(ConsoleError):
    """A cursor that means nothing in this log; ``reason`` is ``epoch`` or ``ahead``."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the position cannot be recovered: {reason}")
        self.reason = reason


class SigningRefused(ConsoleError):
    """What was signed before and the record contradict each other, so that nothing more may be signed."""


class RecordUnreadable(ConsoleError):
    """What was asked for cannot be read: a damaged page, or a disk that fails. The rest may well be readable."""


class RecordUnavailable(ConsoleError):
    """The record cannot be written now. Whether the events were recorded is unknown."""


class QueueFull(RecordUnavailable):
    """More is waiting to be committed than the queue holds."""


class StorageFull(RecordUnavailable):
    """There is no space for the record; it recovers when there is."""


class StorageFailed(RecordUnavailable):
    """The store failed in a way after which its answers prove nothing."""


class StorageGone(StorageFailed):
    """The store's files were deleted, replaced or cut under the running console.

    Who gives up what is still open gives up what may be the last copy.
    """
