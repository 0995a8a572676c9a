"""aiohttp doing next to nothing: it reads the body and answers. What the web server itself costs."""

from __future__ import annotations

from aiohttp import web

from tests.bench.peers.serving import run_application


async def make() -> web.Application:
    """The application."""

    async def take(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(status=201, body=b'{"accepted":1}', content_type="application/json")

    async def answer(request: web.Request) -> web.Response:
        question = await request.json()
        return web.json_response({"response": f"[GPT-5] received query: {question['query']}"})

    app = web.Application()
    app.add_routes([web.post("/api/events", take), web.post("/api/gpt/query", answer)])
    return app


if __name__ == "__main__":
    run_application(make)
