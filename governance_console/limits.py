"""Every bound on what comes in, with its reason. Sizes are bytes, counted as sent."""

from dataclasses import dataclass
from typing import Final

MAX_REQUEST_BYTES: Final = 8 * 1024 * 1024
"""One request body: what one parse may hold in memory."""

MAX_REQUEST_EVENTS: Final = 10_000
"""Events in one request: a request is one commit, and a commit must stay short."""

MAX_HEAD_BYTES: Final = 192 * 1024
"""A request line and all headers: a selection and attributes at their own bounds. Some of what a socket has may be
read beyond it."""

MAX_ATTRIBUTE_BYTES: Final = 48_000
"""An event's attributes as JSON. With what the console adds, an entry stays under 65,535 bytes."""

MAX_ENTRY_BYTES: Final = 65_535
"""C2SP tlog-tiles gives an entry a uint16 length."""

MAX_DATA_BYTES: Final = 1024 * 1024
"""An event's data."""

MAX_LINE_BYTES: Final = 4 * 1024 * 1024
"""A line of a file that is imported: an event at its limits, generously escaped, and far below a request."""

MAX_DEPTH: Final = 128
"""Nesting of JSON: far above real data, far below what exhausts a reader's stack."""

MAX_QUERY_BYTES: Final = 32 * 1024
"""A question to the assistant, in UTF-8."""

MAX_REASON_CHARS: Final = 1_000
"""Why data was erased: a sentence or a few, kept as long as the record is."""

MAX_SMALL_BODY_BYTES: Final = 256 * 1024
"""A body that holds a question or a token: room for escapes, nothing more."""

MAX_NEXT_CHARS: Final = 2000
"""The path that a browser goes on to after signing in: it travels in a cookie meanwhile."""

MAX_CODE_CHARS: Final = 4096
"""A provider's authorization code: some put a whole token into it."""

MAX_SIGNIN_COOKIE_CHARS: Final = 4096
"""The cookie of a sign-in under way: what browsers keep of one at most (RFC 6265, section 6.1)."""

MAX_USED_SIGNINS: Final = 10_000
"""States that are remembered as used. Beyond it the oldest are forgotten; the provider takes no code twice either."""

MAX_PROVIDER_ANSWER_BYTES: Final = 512 * 1024
"""An answer of the sign-in provider: a page of keys is a tenth of that."""

MAX_PROVIDER_KEYS: Final = 100
"""Keys that it publishes: a dozen is many, and each may be tried on a token that names none."""

MAX_ID_TOKEN_CHARS: Final = 64 * 1024
MAX_ID_TOKEN_HEADER_BYTES: Final = 8 * 1024
"""An ID token, of which some providers put every group of a person in, and its header, which may bring certificates."""

MAX_SUBJECT_CHARS: Final = 255
"""The provider's own name for a person (OpenID Connect Core 1.0, section 2)."""

MAX_SESSIONS: Final = 10_000
"""Open browser sessions. Beyond it the oldest ends, so that signing in again and again cannot fill the memory."""

MAX_IDEMPOTENCY_KEY_CHARS: Final = 255

MAX_FAULTS: Final = 100
"""Faults that one answer lists: enough to mend a batch, never a larger answer than question."""

MAX_PAGE: Final = 1000
DEFAULT_PAGE: Final = 100

MAX_ALTERNATIVES: Final = 100
"""Values of one filter: more is a script's mistake, and each costs every entry that is looked at."""

MAX_SEARCH_CHARS: Final = 500
MAX_SOURCES: Final = 500
DEFAULT_SOURCES: Final = 200

MAX_WATCHER_MESSAGE_BYTES: Final = 64 * 1024
"""Text from a watcher is ignored up to here; more closes its socket with 1009."""

MAX_QUEUED_EVENTS: Final = 50_000
MAX_QUEUED_BYTES: Final = 64 * 1024 * 1024
"""What may wait for a commit; more is answered 503, so that memory stays bounded."""

THREAD_PARSE_BYTES: Final = 32 * 1024
"""Larger bodies are parsed in a thread, so that heartbeats keep their time."""

THREAD_ANSWER_EVENTS: Final = 2_000
"""Of more events than this the receipt is written in a thread, too: below, it takes half a millisecond at most."""

MAX_NOTES: Final = 1000
"""Deeds of the console that wait for a record that cannot be written."""

MAX_REFUSALS_NOTED: Final = 10
"""Refused sign-ins of one minute that are recorded singly; of more, their number is."""

MAX_NOTE_BYTES: Final = 1_000_000
MAX_NOTE_SIGNATURES: Final = 100
"""A checkpoint with the signatures of its witnesses. Both are the bounds of Go's note package; 16 have to be taken."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many at once, how often, and how long. An application is made with these, so that no test has to wait."""

    failed_signins: int = 20
    """Wrong tokens from one address before it is answered 429: more than a person mistypes."""

    failed_signin_sec: float = 3.0
    """One of them is forgotten after each of these."""

    all_failed_signins: int = 200
    all_failed_signin_sec: float = 0.3
    """The same over all addresses, for who has many."""

    watchers_each: int = 6_000
    """Streams of one principal: half of all, so that no one can shut out the others. An idle one costs 20 KiB."""

    watchers: int = 12_000

    in_flight: int = 2_000
    """Requests being answered: far above what one process does in a second or two."""

    body_bytes: int = 512 * 1024 * 1024
    """What bodies that are still coming or wait to be parsed may hold together, inflated: 64 of the largest."""

    connections: int = 16_000
    """Open connections: all watchers, and as many others as make sense."""

    first_request_sec: float = 20.0
    """A new connection has to have sent a whole request head by then."""

    idle_sec: float = 75.0
    """So long a connection waits for its next request: longer than nginx keeps one to us (60 s), or it would meet
    a closed one. It bounds how long the head of that request may take, too."""

    body_sec: float = 30.0
    """A body may pause this long, and has so long before its rate matters."""

    body_bytes_per_sec: int = 4096
    """The least rate of a body after that: the largest one is let in over a line of 33 kbit/s."""

    stalled_sec: float = 60.0
    """An answer of which nothing is taken for this long is cut off."""

    provider_sec: float = 10.0
    """What the sign-in provider may take for an answer."""


DEFAULT_BOUNDS: Final = Bounds()
