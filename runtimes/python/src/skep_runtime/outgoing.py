"""`http.client` and `urllib.request` over wasi:http/outgoing-handler, as far as the host grants.

There are no sockets: the host makes the connection, and the certificates are its concern.
"""

from __future__ import annotations

import http.client
import io
from typing import Any
from urllib.parse import urlsplit

from componentize_py_types import Err
from wit_world.imports import types
from wit_world.imports.types import Fields, OutgoingRequest, Scheme_Http, Scheme_Https

from . import streams
from .sending import method_of, send

_NOT_SENT = frozenset("connection host keep-alive proxy-connection te transfer-encoding upgrade".split())
_CHUNK_BYTES = 64 * 1024


class Connection(http.client.HTTPConnection):
    """Collects a request, sends it when it is complete, and reads the response as it comes."""

    _answered: types.IncomingResponse | None = None
    # urllib3 asks the socket whether a connection is open, and takes it away when it closes one.
    sock = property(lambda self: _NO_SOCKET, lambda self, value: None)

    def connect(self) -> None:
        """The host connects, when the request is sent."""

    def set_tunnel(self, *_: Any, **__: Any) -> None:
        raise OSError("proxies cannot be used here: the host makes the connections")

    def putrequest(self, method: str, url: str, *_: Any, **__: Any) -> None:
        self._asked, self._target, self._fields = method.upper(), url, []

    def putheader(self, header: Any, *values: Any) -> None:
        name = _bytes(header).decode("latin-1")
        if name.lower() not in _NOT_SENT:
            self._fields.append((name.lower(), b", ".join(_bytes(value) for value in values)))

    def endheaders(self, message_body: Any = None, *, encode_chunked: bool = False) -> None:
        self._parts: list[bytes] = []
        if message_body is not None:
            self.send(message_body)

    def send(self, data: Any) -> None:
        """Adds to the body: bytes, a file, or bytes after bytes."""
        if hasattr(data, "read"):
            data = iter(lambda: data.read(_CHUNK_BYTES), type(data.read(0))())
        for part in [data] if isinstance(data, (bytes, bytearray, memoryview, str)) else data:
            self._parts.append(_bytes(part))

    def _send_request(self, *arguments: Any) -> None:
        """All of a request at once. It is sent here, so that `urllib` sees a refusal where it looks for one."""
        super()._send_request(*arguments)
        self._answered = send(self._request(), self._parts, self.timeout)

    def getresponse(self) -> http.client.HTTPResponse:
        """Waits for the head of the response."""
        answered, self._answered = self._answered, None
        if answered is None:
            answered = send(self._request(), self._parts, self.timeout)
        response = self.response_class(_Socket(answered), method=self._asked)
        response.begin()
        return response

    def close(self) -> None:
        """Nothing is kept open."""

    def _request(self) -> OutgoingRequest:
        target = urlsplit(self._target)
        path = (target.path or "/") + (f"?{target.query}" if target.query else "")
        port = "" if self.port == self.default_port else f":{self.port}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        try:
            request = OutgoingRequest(Fields.from_list(self._fields))
            request.set_method(method_of(self._asked))
            request.set_scheme(Scheme_Https() if self.default_port == http.client.HTTPS_PORT else Scheme_Http())
            request.set_authority(host + port)
            request.set_path_with_query(path)
        except Err as error:
            raise http.client.InvalidURL(f"not a request that can be sent: {self._asked} {host}{port}{path}") from error
        return request


class SecureConnection(Connection):
    """The same over HTTPS."""

    default_port = http.client.HTTPS_PORT

    def __init__(self, host: str, port: int | None = None, *, context: Any = None, **options: Any) -> None:
        super().__init__(host, port, **options)


class _NoSocket:
    """Stands where others expect the socket of a connection."""

    def settimeout(self, timeout: Any) -> None:
        pass

    def close(self) -> None:
        pass

    def fileno(self) -> int:
        return 0


_NO_SOCKET = _NoSocket()


class _Socket:
    """What `HTTPResponse` reads from: the head as text, and then the body."""

    def __init__(self, response: types.IncomingResponse) -> None:
        with response.headers() as headers:
            entries = headers.entries()
        status = response.status()
        lines = [f"HTTP/1.1 {status} {http.client.responses.get(status, '')}".encode()]
        lines += [
            name.encode("latin-1") + b": " + value for name, value in entries if name.lower() != "transfer-encoding"
        ]
        self._head = b"\r\n".join(lines) + b"\r\n\r\n"
        self._body = streams.BodyReader(response.consume())

    def makefile(self, *_: Any) -> io.BufferedReader:
        return io.BufferedReader(_Joined(io.BytesIO(self._head), self._body), _CHUNK_BYTES)


class _Joined(io.RawIOBase):
    def __init__(self, head: io.BytesIO, body: io.RawIOBase) -> None:
        self._head, self._body = head, body

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._head.readinto(buffer) or self._body.readinto(buffer)

    def close(self) -> None:
        self._body.close()
        super().close()


def _bytes(value: Any) -> bytes:
    if isinstance(value, str):
        return value.encode("latin-1")
    return str(value).encode() if isinstance(value, int) else bytes(value)


def install() -> None:
    """Before `urllib.request` is imported: it looks once for HTTPS."""
    http.client.HTTPConnection = Connection
    http.client.HTTPSConnection = SecureConnection
    http.client._create_https_context = lambda _version: None
