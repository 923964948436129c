"""ASGI 3, the scope `http`: a request in, an answer out. There is no lifespan: an instance lives for one call."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import unquote

from .messages import Answer, Request, has_body, sendable

_CHUNK_BYTES = 64 * 1024


def serve(application: Callable[..., Awaitable[None]], request: Request, answer: Answer) -> None:
    """Answers one request with an application."""
    asyncio.run(_serve(application, request, answer))


async def _serve(application: Callable[..., Awaitable[None]], request: Request, answer: Answer) -> None:
    exchange = _Exchange(request, answer)
    await application(scope(request), exchange.receive, exchange.send)
    if not exchange.ended.is_set():
        raise RuntimeError("the application returned before it ended its response")


def scope(request: Request) -> dict[str, Any]:
    """The scope of a request."""
    client = request.header("x-forwarded-for").partition(",")[0].strip()
    headers = [(name.encode("latin-1"), value) for name, value in request.headers]
    if request.authority and not request.header("host"):
        headers.insert(0, (b"host", request.authority.encode("latin-1")))
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": request.scheme,
        "path": unquote(request.path),
        "raw_path": request.path.encode("latin-1", "replace"),
        "query_string": request.query.encode("latin-1", "replace"),
        "root_path": request.prefix,
        "headers": headers,
        "client": (client, 0) if client else None,
        "server": request.server,
        "state": {},
    }


class _Exchange:
    """`receive` and `send` of one request."""

    def __init__(self, request: Request, answer: Answer) -> None:
        self._request, self._answer = request, answer
        self._read_all = False
        self._head: tuple[int, list[tuple[bytes, bytes]]] | None = None
        self._begun = False
        self.ended = asyncio.Event()

    async def receive(self) -> dict[str, Any]:
        if not self._read_all:
            chunk = self._request.body.read(_CHUNK_BYTES) or b""
            self._read_all = not chunk
            return {"type": "http.request", "body": chunk, "more_body": not self._read_all}
        # Frameworks take this as a sign to stop, so it must not come before the response has ended.
        await self.ended.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            if self._head is not None:
                raise RuntimeError("the application started its response twice")
            self._head = message["status"], list(message.get("headers", ()))
        elif message["type"] == "http.response.body":
            self._send_body(message.get("body", b""), message.get("more_body", False))
            await asyncio.sleep(0)  # lets other tasks of the application go on while it streams
        else:
            raise RuntimeError(f"the application sent a message of unknown type {message['type']!r}")

    def _send_body(self, content: bytes, more: bool) -> None:
        if self._head is None or self.ended.is_set():
            raise RuntimeError("the application sent a body before it started its response, or after it ended it")
        status, headers = self._head
        if not self._begun and (content or not more):
            self._begun = True
            named = [(name.decode("latin-1"), bytes(value)) for name, value in headers]
            self._answer.begin(status, sendable(self._request, status, named))
        if content and has_body(self._request, status):
            self._answer.write(bytes(content))
        if not more:
            self.ended.set()
