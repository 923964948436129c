"""Builds in the Python of this machine, for the tests beside it."""

from __future__ import annotations

import linecache
import sys
import tempfile
import unittest
from collections.abc import Callable

from skep_runtime import builder, importer, script
from skep_runtime.failures import Failed, failed
from skep_runtime.program import Program


class Building(unittest.TestCase):
    """Forgets after each test what it imported."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.private = folder.name
        linecache.clearcache()
        kept = dict(sys.modules)
        self.addCleanup(lambda: (sys.modules.clear(), sys.modules.update(kept)))

    def build(self, files: dict[str, str | bytes], main: str = "hello.py") -> builder.Build:
        """What comes of files."""
        content = {path: text.encode() if isinstance(text, str) else text for path, text in sorted(files.items())}
        built = builder.build(main, content, self.private)
        importer.uninstall(built.importer)
        return built

    def load(self, files: dict[str, str | bytes], main: str = "hello.py") -> Program:
        """The program of files, through the bytes of its script."""
        program = Program(script.unpack(script.pack(self.build(files, main).script)), self.private)
        self.addCleanup(importer.uninstall, program.importer)
        return program

    def failure(self, files: dict[str, str | bytes], main: str = "hello.py") -> Failed:
        """Why files do not build."""
        return self.failure_of(lambda: self.build(files, main))

    def failure_of(self, work: Callable[[], object]) -> Failed:
        """What the host is told of what work raises. `assertRaises` would take the trace away."""
        try:
            work()
        except BaseException as error:
            return failed(error)
        raise AssertionError("nothing was raised")
