"""A module `ssl` that imports, for the many libraries that import it and never use it here.

The host makes the connections and checks the certificates, always. So a context takes settings and heeds none, and
whatever would encrypt in the sandbox says that it cannot.
"""

from __future__ import annotations

import enum
import socket
import sys
import warnings
from types import ModuleType
from typing import Any

_CANNOT = (
    "TLS is not done in the sandbox: use urllib.request, http.client, urllib3 or requests, which the host connects"
)
_CONSTANTS = ("AF_", "ALERT_", "CERT_", "CHANNEL_", "ENCODING_", "HAS_", "OP_", "PROTOCOL_", "VERIFY_")


class SSLError(OSError):
    """What `ssl.SSLError` is."""


class SSLCertVerificationError(SSLError, ValueError):
    """What `ssl.SSLCertVerificationError` is."""


class TLSVersion(enum.IntEnum):
    """The versions, as numbers of the protocol."""

    MINIMUM_SUPPORTED = -2
    TLSv1 = 769
    TLSv1_1 = 770
    TLSv1_2 = 771
    TLSv1_3 = 772
    MAXIMUM_SUPPORTED = -1


class Purpose(enum.Enum):
    """What a context is for."""

    SERVER_AUTH = "1.3.6.1.5.5.7.3.1"
    CLIENT_AUTH = "1.3.6.1.5.5.7.3.2"


class SSLContext:
    """Takes any setting."""

    check_hostname = True
    verify_mode = verify_flags = options = 0

    def __init__(self, protocol: int = 0) -> None:
        self.protocol = protocol

    def wrap_socket(self, *_: Any, **__: Any) -> Any:
        raise SSLError(_CANNOT)

    wrap_bio = wrap_socket

    def __getattr__(self, name: str) -> Any:
        if name.startswith(("load_", "set_")):
            return lambda *_, **__: None
        raise AttributeError(name)


class SSLSocket(socket.socket):
    """There is none; libraries name the type."""


class SSLObject:
    """There is none; libraries name the type."""


class MemoryBIO:
    """There is none; libraries name the type."""

    def __init__(self) -> None:
        raise SSLError(_CANNOT)


def _constant(name: str) -> int:
    """The settings that a context does not heed have no meaning, so they are all the same."""
    if name.startswith(_CONSTANTS):
        return 0
    raise AttributeError(f"module 'ssl' has no attribute {name!r}")


def install() -> None:
    """Only when the standard library has looked for the real one, and has set itself up to be without."""
    module = ModuleType("ssl", __doc__)
    kinds = (SSLError, SSLCertVerificationError, TLSVersion, Purpose, SSLContext, SSLSocket, SSLObject, MemoryBIO)
    for kind in kinds:
        kind.__module__ = "ssl"
    vars(module).update({kind.__name__: kind for kind in kinds})
    for name in ("SSLZeroReturnError", "SSLWantReadError", "SSLWantWriteError", "SSLSyscallError", "SSLEOFError"):
        setattr(module, name, type(name, (SSLError,), {"__module__": "ssl"}))
    module.CertificateError = SSLCertVerificationError
    module.create_default_context = module._create_unverified_context = lambda *_, **__: SSLContext()
    module._create_default_https_context = module.create_default_context
    # urllib3 warns of versions that it does not know, and of certificates that it has not seen the check of.
    module.OPENSSL_VERSION, module.OPENSSL_VERSION_INFO = "OpenSSL 3.0.0, stood in for", (3, 0, 0, 0, 0)
    module.OPENSSL_VERSION_NUMBER = 0x30000000
    warnings.filterwarnings("ignore", "Unverified HTTPS request")
    module.socket_error, module.socket = OSError, socket
    module.__getattr__ = _constant
    sys.modules["ssl"] = module
