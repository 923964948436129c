"""Requests and answers, as the adapters see them: nothing of WASI, so that they can be tested natively."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Protocol

# What concerns one connection only. The host's connection is not the script's, and wasi:http refuses these.
_HOP_BY_HOP = frozenset(
    "connection keep-alive proxy-authenticate proxy-authorization proxy-connection te trailer transfer-encoding "
    "upgrade http2-settings".split()
)
_BODILESS = (204, 304)


@dataclass
class Request:
    """A request that came in."""

    method: str
    scheme: str
    authority: str
    target: str
    """Path and query, percent-encoded as they came."""
    headers: list[tuple[str, bytes]]
    """Names in lower case."""
    body: io.RawIOBase

    @property
    def path(self) -> str:
        """The path as it came."""
        return self.target.partition("?")[0] or "/"

    @property
    def query(self) -> str:
        """What stands behind the `?`."""
        return self.target.partition("?")[2]

    @property
    def prefix(self) -> str:
        """The path under which the host serves the script, which it took off."""
        return self.header("x-forwarded-prefix").rstrip("/")

    @property
    def server(self) -> tuple[str, int]:
        """The host and the port that were asked."""
        host, colon, port = (self.authority or self.header("host") or "localhost").rpartition(":")
        if colon and port.isdigit():
            return host, int(port)
        return host + colon + port, 443 if self.scheme == "https" else 80

    def header(self, name: str) -> str:
        """The first value of a header, or nothing."""
        return next((value.decode("latin-1") for key, value in self.headers if key == name), "")


class Answer(Protocol):
    """Where a response goes."""

    def begin(self, status: int, headers: list[tuple[str, bytes]]) -> None:
        """Sends status and headers."""

    def write(self, content: bytes) -> None:
        """Sends a part of the body, now."""


def sendable(request: Request, status: int, headers: list[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    """The headers of a response that may be sent.

    A response without a body must not say how long one is: the host holds what is sent against it.
    """
    bodiless = not has_body(request, status)
    return [
        (name, value)
        for name, value in headers
        if name.lower() not in _HOP_BY_HOP and not (bodiless and name.lower() == "content-length")
    ]


def has_body(request: Request, status: int) -> bool:
    """Whether a response has a body."""
    return request.method != "HEAD" and status not in _BODILESS
