"""wasi:http/incoming-handler: a request goes to the script's application, its answer goes out as it is made."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from componentize_py_types import Err, Ok
from wit_world.imports import types
from wit_world.imports.types import (
    ErrorCode_InternalError,
    Fields,
    IncomingRequest,
    Method_Other,
    OutgoingBody,
    OutgoingResponse,
    ResponseOutparam,
    Scheme_Https,
)

from . import asgi, streams, wsgi
from .failures import failed
from .messages import Request
from .offers import is_asgi


def handle(application: Callable[[], Any], incoming: IncomingRequest, out: ResponseOutparam) -> None:
    """Answers a request. What goes wrong is printed, and the host learns that it did."""
    answer = _Answer(out)
    try:
        with incoming:
            called = application()
            serve = asgi.serve if is_asgi(called) else wsgi.serve
            serve(called, _request(incoming), answer)
        answer.end()
    except BaseException as error:
        told = failed(error)
        print(told.trace or told.message, file=sys.stderr, end="" if told.trace else "\n")
        # Nobody but the host can say of an answer that has begun that it went wrong: by the trap that this becomes.
        if answer.fail(told.message):
            raise


def _request(incoming: IncomingRequest) -> Request:
    with incoming.headers() as headers:
        entries = [(name.lower(), value) for name, value in headers.entries()]
    return Request(
        method=_method_name(incoming.method()),
        scheme="https" if isinstance(incoming.scheme(), Scheme_Https) else "http",
        authority=incoming.authority() or "",
        target=incoming.path_with_query() or "/",
        headers=entries,
        body=streams.BodyReader(incoming.consume()),
    )


def _method_name(method: types.Method) -> str:
    """`GET` of `Method_Get`."""
    return method.value if isinstance(method, Method_Other) else type(method).__name__.removeprefix("Method_").upper()


class _Answer:
    """A response of wasi:http, begun when its status is known."""

    def __init__(self, out: ResponseOutparam) -> None:
        self._out: ResponseOutparam | None = out
        self._body: OutgoingBody | None = None
        self._stream: streams.OutputStream | None = None

    def begin(self, status: int, headers: list[tuple[str, bytes]]) -> None:
        try:
            response = OutgoingResponse(Fields.from_list(headers))
            response.set_status_code(status)
        except Err as error:
            raise ValueError(
                f"the response has a status or a header that is not valid: {status}, {headers!r}"
            ) from error
        self._body = response.body()
        self._stream = self._body.write()
        out, self._out = self._out, None
        ResponseOutparam.set(out, Ok(response))

    def write(self, content: bytes) -> None:
        streams.write(self._stream, content)

    def end(self) -> None:
        """Without this the host takes the body for broken."""
        self._stream.__exit__(None, None, None)
        self._stream = None
        body, self._body = self._body, None
        try:
            OutgoingBody.finish(body, None)
        except Err as error:
            raise ValueError(f"the body is not as long as its header says: {type(error.value).__name__}") from error

    def fail(self, message: str) -> bool:
        """Says that there is no response, or leaves the one that has begun broken, and tells that it had."""
        has_begun = self._out is None
        if self._out is not None:
            out, self._out = self._out, None
            ResponseOutparam.set(out, Err(ErrorCode_InternalError(message)))
        for owned in (self._stream, self._body):
            if owned is not None:
                owned.__exit__(None, None, None)
        self._stream = self._body = None
        return has_begun
