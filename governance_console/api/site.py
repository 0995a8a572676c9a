"""The prebuilt frontend: its files, and its one page for every path that the browser routes itself."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from aiohttp import web

PACKAGED: Final = Path(__file__).parent.parent / "_web"
IN_REPOSITORY: Final = Path(__file__).parent.parent.parent / "web" / "dist"
"""A wheel has the frontend inside the package; a checkout has it where it is built."""

FOREVER: Final = "public, max-age=31536000, immutable"
"""For files whose name has a hash of their content."""

ROUTED: Final = r"/{path:(?!/*(?i:api|auth)(?:/|$)).*}"
"""Every path but those of the API, so that a misspelt API path is a 404 and never a page."""


async def page(request: web.Request) -> web.StreamResponse:
    """A file of the frontend, or its page."""
    root = PACKAGED if (PACKAGED / "index.html").is_file() else IN_REPOSITORY
    path = request.match_info["path"]
    file = _inside(root, path)
    if file is not None and path:
        cache = FOREVER if path.startswith("assets/") else "no-cache"
        return web.FileResponse(file, headers={"Cache-Control": cache})
    if path.startswith("assets/") or Path(path).suffix:
        raise web.HTTPNotFound(text="there is no such file")
    index = root / "index.html"
    if not index.is_file():
        raise web.HTTPServiceUnavailable(text="the frontend is not built: run npm ci && npm run build in web/")
    return web.FileResponse(index, headers={"Cache-Control": "no-cache"})


def _inside(root: Path, path: str) -> Path | None:
    """The file at this path, if it is one and lies in the frontend."""
    try:
        file = (root / path).resolve()
        return file if file.is_relative_to(root.resolve()) and file.is_file() else None
    except (OSError, ValueError):  # a name the file system cannot have, such as one with NUL
        return None
