"""A script: what a build makes of source, and what `load` gets back, as bytes."""

from __future__ import annotations

import marshal
import sys
from dataclasses import astuple, dataclass

from .failures import Failed

# Byte code is good for one minor version of CPython only.
_TAG = f"skep-python 1 {sys.implementation.cache_tag}\n".encode()


@dataclass
class Script:
    """Everything that a version needs to run, by path."""

    main: str
    """The path of the main file."""
    main_name: str
    """The name by which the main file is imported."""
    modules: dict[str, str]
    """Module name to path. A path that ends with `/` is a folder without `__init__.py`."""
    codes: dict[str, bytes]
    """Path to the marshalled code of a file. Each is unmarshalled when it is first imported."""
    sources: dict[str, bytes]
    """Path to the text of a `.py` file, for traces and `inspect`."""
    data: dict[str, bytes]
    """Path to the content of any other file."""
    http: str | None
    """The name of the WSGI or ASGI application, if there is one."""


def pack(script: Script) -> bytes:
    """The bytes of a script."""
    return _TAG + marshal.dumps(astuple(script))


def unpack(content: bytes) -> Script:
    """The script of bytes."""
    if not content.startswith(_TAG):
        raise Failed("the script was built by another version of the Python runtime: build it again")
    return Script(*marshal.loads(memoryview(content)[len(_TAG) :]))
