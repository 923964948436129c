"""Does everything once before the component is made, so that a call finds it done.

The interpreter adapts code to what it sees, libraries fill tables at first use. In an instance each of these writes
copies a page of memory; before the snapshot they are free.
"""

from __future__ import annotations

import io
import linecache

from . import asgi, builder, importer, script, wsgi
from .failures import failed
from .messages import Request
from .program import Program

_TIMES = 20  # the interpreter needs some before it adapts code
_SOURCE = b"""
import json
def handler(event):
    return [dict(x=1, y=[1.5, "text", None, True]), list(event)]
async def later(x):
    return x
def fail(x):
    raise ValueError(x)
def app(environ, start_response):
    start_response("200 OK", [("content-type", "text/plain")])
    return [environ["wsgi.input"].read()]
"""


class _Nowhere:
    def begin(self, status: int, headers: list[tuple[str, bytes]]) -> None:
        pass

    def write(self, content: bytes) -> None:
        pass


def warm() -> None:
    """Builds, loads and calls a small script again and again."""
    for _ in range(_TIMES):
        built = builder.build("warm.py", {"warm.py": _SOURCE})
        importer.uninstall(built.importer)
        program = Program(script.unpack(script.pack(built.script)))
        program.call("handler", '[1, {"a": [1.5, "text", null, true]}]')
        program.call("later", "[1]")
        try:
            program.call("fail", "[1]")
        except ValueError as error:
            failed(error)
        wsgi.serve(program.application(), _request(), _Nowhere())
        asgi.serve(_asgi, _request(), _Nowhere())
        importer.uninstall(program.importer)
    linecache.clearcache()  # a user's file may have the same name


async def _asgi(scope, receive, send) -> None:
    await receive()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": b"text"})


def _request() -> Request:
    return Request("POST", "http", "localhost", "/path?query", [("content-length", b"4")], io.BytesIO(b"text"))
