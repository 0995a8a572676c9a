"""The keys under which handlers find what ``app.py`` made, and what middleware found out of a request."""

from asyncio import Event, Semaphore
from typing import Final

from aiohttp.web import AppKey, RequestKey

from governance_console.access import People, Principal, Tokens
from governance_console.assistant import Assistant
from governance_console.attempts import Attempts
from governance_console.audit import Audit
from governance_console.crowd import Crowd
from governance_console.erasing import Eraser
from governance_console.feed import Feed
from governance_console.journal import Journal
from governance_console.limits import Bounds
from governance_console.metrics import Metrics
from governance_console.oidc import RelyingParty
from governance_console.pending import PendingSignIns
from governance_console.sessions import Session, Sessions
from governance_console.settings import Settings
from governance_console.signer import LogSigner
from governance_console.storage import Storage

SETTINGS: Final = AppKey("settings", Settings)
METRICS: Final = AppKey("metrics", Metrics)
TOKENS: Final = AppKey("tokens", Tokens)
SESSIONS: Final = AppKey("sessions", Sessions)
BOUNDS: Final = AppKey("bounds", Bounds)
CROWD: Final = AppKey("crowd", Crowd)
ATTEMPTS: Final = AppKey("attempts", Attempts)
STORAGE: Final[AppKey[Storage]] = AppKey("storage", Storage)
FEED: Final = AppKey("feed", Feed)
JOURNAL: Final = AppKey("journal", Journal)
AUDIT: Final = AppKey("audit", Audit)
ERASER: Final = AppKey("eraser", Eraser)
SIGNER: Final = AppKey("signer", LogSigner)
ASSISTANT: Final[AppKey[Assistant]] = AppKey("assistant", Assistant)

PEOPLE: Final = AppKey("people", People)
PROVIDER: Final = AppKey("provider", RelyingParty)
"""Absent where there is no sign-in with a provider."""

PENDING: Final = AppKey("pending", PendingSignIns)

SERVES: Final = AppKey("serves", Event)
"""Set by who opened the door, once nothing can keep the console from starting any more."""

PARSING: Final = AppKey("parsing", Semaphore)
"""One large body at a time is parsed: beside each other they would only take the interpreter from the event loop."""

REQUEST_ID: Final = RequestKey("request_id", str)
PRINCIPAL: Final = RequestKey("principal", Principal)
SESSION: Final = RequestKey("session", Session)
"""The browser session, where the request was authenticated by one."""
