"""Drives the real component with PyPI's wasmtime, as a host would: an instance for each build and each call."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path
from typing import Any

from wasmtime import Config, Engine, Store, WasiConfig
from wasmtime.component import Component, Linker, Record

_GUEST = "skep:runtime/guest@0.1.0"
_COMPONENT = Path(os.environ["SKEP_PYTHON_COMPONENT"])
_STACK_BYTES_MAX = 1 << 20  # that of Skep's engine
_MEMORY_BYTES_MAX = 256 << 20
_config = Config()
_config.max_wasm_stack = _STACK_BYTES_MAX
_engine = Engine(_config)


def _compiled() -> Component:
    """The compiled component; Cranelift takes seconds, so what it made is kept beside the component."""
    kept = _COMPONENT.with_suffix(".cwasm")
    if not kept.exists() or kept.stat().st_mtime < _COMPONENT.stat().st_mtime:
        kept.write_bytes(Component.from_file(_engine, str(_COMPONENT)).serialize())
    return Component.deserialize_file(_engine, str(kept))


_component = _compiled()


class Failure(Exception):
    """What the runtime said went wrong."""

    def __init__(self, message: str, trace: str | None) -> None:
        super().__init__(message)
        self.message, self.trace = message, trace


class Instance:
    """A fresh instance with a private directory, what it printed, and how long it took to make."""

    def __init__(
        self, arguments: list[str] | None = None, environment: dict[str, str] | None = None, stdin: bytes = b""
    ) -> None:
        self._folder = tempfile.TemporaryDirectory()
        folder = Path(self._folder.name)
        self.private = folder / "private"
        self.private.mkdir()
        (folder / "stdin").write_bytes(stdin)
        self._out, self._err = folder / "stdout", folder / "stderr"
        linker = Linker(_engine)
        linker.add_wasip2()
        linker.add_wasi_http()
        self._store = Store(_engine)
        self._store.set_limits(memory_size=_MEMORY_BYTES_MAX)
        wasi = WasiConfig()
        wasi.argv = ["program", *(arguments or [])]
        wasi.env = list((environment or {}).items())
        wasi.stdin_file = str(folder / "stdin")
        wasi.stdout_file = str(self._out)
        wasi.stderr_file = str(self._err)
        wasi.preopen_dir(str(self.private), "/")
        self._store.set_wasi(wasi)
        self._store.set_wasi_http()
        begun = time.perf_counter()
        self._instance = linker.instantiate(self._store, _component)
        self.instantiate_ms = (time.perf_counter() - begun) * 1000

    def stdout(self) -> str:
        return self._out.read_text()

    def stderr(self) -> str:
        return self._err.read_text()

    def invoke(self, function: str, *arguments: Any) -> Any:
        guest = self._instance.get_export_index(self._store, _GUEST)
        index = self._instance.get_export_index(self._store, function, guest)
        result = self._instance.get_func(self._store, index)(self._store, *arguments)
        result = getattr(result, "payload", result)
        if hasattr(result, "message"):
            raise Failure(result.message, result.trace)
        return result


def build(files: dict[str, str | bytes], main: str = "hello.py", instance: Instance | None = None) -> Record:
    """The script of files."""
    source = Record()
    source.main = main
    source.files = [_file(path, content) for path, content in sorted(files.items())]
    built = (instance or Instance()).invoke("build", source)
    return getattr(built, "payload", built)


def loaded(script: Record, **options: Any) -> Instance:
    """A fresh instance with a script loaded."""
    instance = Instance(**options)
    instance.invoke("load", script.content)
    return instance


def call(source: str, function: str, arguments: str) -> str:
    """Builds a file, and calls a function of it in an instance of its own."""
    return loaded(build({"hello.py": source})).invoke("call", function, arguments)


def _file(path: str, content: str | bytes) -> Record:
    file = Record()
    file.path = path
    file.content = content.encode() if isinstance(content, str) else content
    return file
