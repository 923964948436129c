"""The standard library, imported ahead: there is no file to import it from when a script runs.

The table names what is imported before the component is made, and costs a call nothing. The rest of the library is
kept as compressed code and imported when it is asked for.

`bz2`, `lzma`, `ctypes`, `mmap`, `readline`, `curses` and what needs them are missing: their libraries are not part of
this build of CPython. `ssl` is one too; `tls` stands in for it. Threads, processes and sockets import, and raise
OSError or RuntimeError when used.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.util
import json
import marshal
import os
import sys
import zlib
from collections.abc import Iterator
from types import CodeType, ModuleType
from typing import Any

_MODULES = """
abc argparse array ast asyncio asyncio.taskgroups atexit base64 binascii bisect calendar cmath codecs collections
collections.abc concurrent.futures concurrent.futures.thread configparser contextlib contextvars copy copyreg csv
dataclasses datetime decimal difflib dis email email.generator email.message email.mime.multipart email.mime.text
email.parser email.policy email.utils encodings encodings.aliases encodings.ascii encodings.cp1252 encodings.idna
encodings.iso8859_15 encodings.latin_1 encodings.punycode encodings.raw_unicode_escape encodings.unicode_escape
encodings.utf_16 encodings.utf_32 encodings.utf_8 encodings.utf_8_sig enum errno fnmatch fractions functools gc getopt
getpass gettext glob graphlib gzip hashlib heapq hmac html html.entities html.parser http http.client http.cookiejar
http.cookies importlib importlib.abc importlib.machinery importlib.metadata importlib.resources
importlib.resources.readers importlib.util inspect io ipaddress itertools json keyword linecache locale logging
logging.config logging.handlers marshal math mimetypes numbers opcode operator os os.path pathlib pickle pkgutil
platform pprint queue quopri random re reprlib runpy secrets select selectors shlex shutil signal site socket sqlite3
stat statistics string stringprep struct subprocess sys sysconfig tempfile textwrap threading time timeit token
tokenize tomllib traceback types typing unicodedata urllib urllib.error urllib.parse urllib.request urllib.response
uuid warnings weakref wsgiref wsgiref.handlers wsgiref.headers wsgiref.util xml xml.dom xml.etree.ElementTree
xml.parsers.expat xml.sax xml.sax.saxutils zipfile zipimport zlib zoneinfo
_strptime _colorize annotationlib
"""
_LEFT_OUT = (
    "__pycache__",
    "ensurepip",
    "idlelib",
    "lib-dynload",
    "lib2to3",
    "site-packages",
    "test",
    "tkinter",
    "turtledemo",
)
_LEFT_OUT_MODULES = ("__main__", "antigravity", "this", "turtle")


def preload() -> list[str]:
    """Imports every module of the table, and makes the rest importable; those that are not there are named."""
    missing = []
    for name in dict.fromkeys(_MODULES.split()):
        try:
            importlib.import_module(name)
        except ImportError as error:
            missing.append(f"{name}: {error}")
    sys.meta_path.append(_Rest(os.path.dirname(os.path.dirname(json.__file__))))
    return missing


class _Rest(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Modules of the standard library that the table does not name."""

    def __init__(self, folder: str) -> None:
        self._kept: dict[str, tuple[bool, bytes]] = {}
        for path, name, package in _modules_in(folder):
            if name not in sys.modules:
                with open(path, "rb") as file:
                    code = compile(file.read(), path, "exec", dont_inherit=True)
                self._kept[name] = package, zlib.compress(marshal.dumps(code), 9)

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        if name not in self._kept:
            return None
        return importlib.util.spec_from_loader(name, self, is_package=self._kept[name][0])

    def exec_module(self, module: ModuleType) -> None:
        exec(self.get_code(module.__name__), module.__dict__)

    def get_code(self, name: str) -> CodeType:
        return marshal.loads(zlib.decompress(self._kept[name][1]))


def _modules_in(folder: str) -> Iterator[tuple[str, str, bool]]:
    """The path and the name of each module below a folder, and whether it is a package."""
    for place, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name not in _LEFT_OUT]
        parents = [part for part in place[len(folder) :].split("/") if part]
        for file_name in files:
            stem = file_name.removesuffix(".py")
            if stem == file_name or stem in _LEFT_OUT_MODULES:
                continue
            package = stem == "__init__"
            name = ".".join(parents if package else [*parents, stem])
            if name:
                yield f"{place}/{file_name}", name, package
