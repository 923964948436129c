"""Sends a request by wasi:http/outgoing-handler, and says in words why that failed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from componentize_py_types import Err, Ok
from wit_world.imports import outgoing_handler, types
from wit_world.imports.types import OutgoingBody, OutgoingRequest, RequestOptions

from . import streams


def send(request: OutgoingRequest, parts: Iterable[bytes], timeout: Any) -> types.IncomingResponse:
    """Sends a request with its body, and waits for the head of the response. OSError says what went wrong."""
    body = request.body()
    try:
        future = outgoing_handler.handle(request, _options(timeout))
        with body.write() as stream:
            for part in parts:
                streams.write(stream, part)
        OutgoingBody.finish(body, None)
    except Err as error:
        raise OSError(_told(error.value)) from None
    except ConnectionError:
        pass  # the response, or the error in its place, tells more
    with future:
        with future.subscribe() as ready:
            ready.block()
        answered = future.get().value
    if isinstance(answered, Ok):
        return answered.value
    told = _told(answered.value)
    raise TimeoutError(told) if "timeout" in told else OSError(told)


def _options(timeout: Any) -> RequestOptions | None:
    if not isinstance(timeout, (int, float)):
        return None
    options = RequestOptions()
    for limit in (options.set_connect_timeout, options.set_first_byte_timeout, options.set_between_bytes_timeout):
        limit(int(timeout * 1_000_000_000))
    return options


def _told(code: types.ErrorCode) -> str:
    """`http request denied` of `ErrorCode_HttpRequestDenied`, and what the host says of it."""
    words = re.findall("[A-Z][a-z]*", type(code).__name__.removeprefix("ErrorCode_"))
    detail = getattr(code, "value", None)
    details = vars(detail).values() if hasattr(detail, "__dict__") else [detail]
    return ": ".join([" ".join(words).lower(), *(str(one) for one in details if one is not None)])


def method_of(name: str) -> types.Method:
    """`Method_Get` of `GET`."""
    known = getattr(types, f"Method_{name.capitalize()}", None)
    return known() if known else types.Method_Other(name)
