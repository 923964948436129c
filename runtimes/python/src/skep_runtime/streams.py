"""Streams of WASI as files of Python, and bytes into streams of WASI."""

from __future__ import annotations

import io

from componentize_py_types import Err
from wit_world.imports.streams import InputStream, OutputStream, StreamError_Closed
from wit_world.imports.types import IncomingBody

_READ_BYTES_MAX = 64 * 1024


class BodyReader(io.RawIOBase):
    """A body that comes in. Reading waits until there is something."""

    def __init__(self, body: IncomingBody) -> None:
        self._body: IncomingBody | None = body
        self._stream: InputStream | None = body.stream()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        if self._stream is None or not len(buffer):
            return 0
        try:
            content = self._stream.blocking_read(min(len(buffer), _READ_BYTES_MAX))
        except Err as error:
            self.close()
            if isinstance(error.value, StreamError_Closed):
                return 0
            raise OSError(f"the body broke off: {_told(error.value.value)}") from None
        buffer[: len(content)] = content
        return len(content)

    def close(self) -> None:
        # The stream is a child of the body, and has to go first.
        for owned in (self._stream, self._body):
            if owned is not None:
                owned.__exit__(None, None, None)
        self._stream = self._body = None
        super().close()

    def _checkClosed(self) -> None:
        """A body that was read to its end is closed, and is still at its end."""


def write(stream: OutputStream, content: bytes) -> None:
    """Writes all bytes, and waits until the host has taken them."""
    view = memoryview(content)
    try:
        while view:
            count = stream.check_write()
            if count == 0:
                with stream.subscribe() as ready:
                    ready.block()
                continue
            stream.write(bytes(view[:count]))
            view = view[count:]
        stream.blocking_flush()
    except Err as error:
        raise ConnectionError("the other side does not take the body any more") from error


def _told(error) -> str:
    with error:
        return error.to_debug_string()
