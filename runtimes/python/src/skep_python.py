"""The component: the exports of the world, on top of the package that does the work."""

from __future__ import annotations

import contextlib
import gc
import sys

from componentize_py_types import Err
from wit_world import exports
from wit_world.exports import guest

from skep_runtime import builder, event_loop, immortal, incoming, outgoing, script, threads, tls
from skep_runtime.failures import Failed, failed
from skep_runtime.preload import preload
from skep_runtime.program import Program
from skep_runtime.warm import warm

outgoing.install()
missing = preload()
if missing:
    raise ImportError("not in this CPython: " + "; ".join(missing))
event_loop.install()
threads.install()
tls.install()
sys.stdout.reconfigure(line_buffering=True)
# The folders of the build are gone when a script runs; what is imported from now on is in memory or in `/`.
sys.path[:] = ["/"]
sys.path_importer_cache.clear()
warm()
# What is there now stays; looking through it again would touch, and so copy, every page of it in each call.
gc.collect()
immortal.note()
gc.freeze()
_program: Program | None = None


class Guest(exports.Guest):
    def build(self, source: guest.Source) -> guest.Built:
        made = _told(lambda: builder.build(source.main, {file.path: file.content for file in source.files}))
        functions = [guest.Function(name, wit) for name, wit in made.functions]
        content = script.pack(made.script)
        return guest.Built_Script(guest.Script(content, functions, made.command, made.script.http is not None))

    def load(self, content: bytes) -> None:
        def load() -> None:
            global _program
            _program = Program(script.unpack(content))

        _told(load)

    def call(self, function: str, arguments: str) -> str:
        return _told(lambda: _loaded().call(function, arguments))

    def run(self) -> int:
        return _told(lambda: _loaded().run())


class IncomingHandler(exports.IncomingHandler):
    def handle(self, request, response_out) -> None:
        def application():
            return _loaded().application()

        try:
            incoming.handle(application, request, response_out)
        finally:
            _flush()


def _loaded() -> Program:
    if _program is None:
        raise Failed("no script is loaded")
    return _program


def _told(work):
    """Does work; what it raises goes to the host in the words of Python, and what it printed is out by then."""
    try:
        return work()
    except BaseException as error:
        told = failed(error)
        raise Err(guest.Failure(told.message, told.trace)) from None
    finally:
        _flush()


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):  # a script may have closed or replaced it
            stream.flush()
