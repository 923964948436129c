"""WSGI (PEP 3333): a request in, an answer out."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import unquote_to_bytes

from .messages import Answer, Request, has_body, sendable

_BUFFER_BYTES = 64 * 1024
_UNPREFIXED = ("CONTENT_TYPE", "CONTENT_LENGTH")


def serve(application: Callable[..., Iterable[bytes]], request: Request, answer: Answer) -> None:
    """Answers one request with an application."""
    response = _Response(request, answer)
    parts = application(environment(request), response.start)
    try:
        for part in parts:
            if part:
                response.write(part)
        response.send_head()
    finally:
        close = getattr(parts, "close", None)
        if close is not None:
            close()


def environment(request: Request) -> dict[str, Any]:
    """The `environ` of a request."""
    host, port = request.server
    found = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": request.prefix,
        "PATH_INFO": unquote_to_bytes(request.path).decode("latin-1"),
        "QUERY_STRING": request.query,
        "SERVER_NAME": host,
        "SERVER_PORT": str(port),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": request.header("x-forwarded-for").partition(",")[0].strip(),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": request.scheme,
        "wsgi.input": io.BufferedReader(request.body, _BUFFER_BYTES),
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": True,
        "wsgi.run_once": True,
    }
    for name, value in request.headers:
        key = name.upper().replace("-", "_")
        key = key if key in _UNPREFIXED else "HTTP_" + key
        text = value.decode("latin-1")
        found[key] = f"{found[key]}{'; ' if name == 'cookie' else ','}{text}" if key in found else text
    if request.authority:
        found.setdefault("HTTP_HOST", request.authority)
    return found


class _Response:
    """`start_response` and the `write` that it gives."""

    def __init__(self, request: Request, answer: Answer) -> None:
        self._request, self._answer = request, answer
        self._head: tuple[int, list[tuple[str, bytes]]] | None = None
        self._sent = False

    def start(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], None]:
        if exc_info is not None:
            try:
                if self._sent:
                    raise exc_info[1].with_traceback(exc_info[2])
            finally:
                exc_info = None  # a frame that holds its own traceback is never freed
        elif self._head is not None:
            raise AssertionError("start_response was called twice without exc_info")
        self._head = int(status.split(" ", 1)[0]), [(name, value.encode("latin-1")) for name, value in headers]
        return self.write

    def write(self, part: bytes) -> None:
        status = self.send_head()
        if has_body(self._request, status):
            self._answer.write(part)

    def send_head(self) -> int:
        """Only when there is something of the body: until then an application may change its mind."""
        if self._head is None:
            raise AssertionError("the application gave a body before it called start_response")
        status, headers = self._head
        if not self._sent:
            self._sent = True
            self._answer.begin(status, sendable(self._request, status, headers))
        return status
