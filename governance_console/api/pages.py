"""The few pages that the server writes itself, for who comes back from a sign-in provider. No script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from aiohttp import web


def page(status: int, title: str, sentences: Sequence[str], links: Mapping[str, str]) -> web.Response:
    """A page with a heading, what happened in sentences, and where to go from here: each text with its address."""
    told = "".join(f"<p>{escape(one)}</p>\n" for one in sentences)
    ways = "".join(f'<li><a href="{escape(address)}">{escape(text)}</a></li>\n' for text, address in links.items())
    body = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)} · Governance Console</title>
<link rel="stylesheet" href="/plain.css">
</head>
<body>
<main>
<h1>{escape(title)}</h1>
{told}<ul>
{ways}</ul>
</main>
</body>
</html>
"""
    return web.Response(status=status, text=body, content_type="text/html", charset="utf-8")
