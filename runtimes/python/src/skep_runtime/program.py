"""A loaded script: it can be called, run, and asked for its application."""

from __future__ import annotations

import asyncio
import atexit
import importlib.util
import inspect
import os
import sys
from types import ModuleType
from typing import Any

from . import importer, values
from .failures import Failed
from .offers import HANDLER
from .script import Script

PRIVATE_DIRECTORY = "/"


class Program:
    """One script in one instance."""

    def __init__(self, script: Script, private: str = PRIVATE_DIRECTORY) -> None:
        self.script = script
        self.importer = importer.install(script)
        _write_data(script, private)

    def module(self) -> ModuleType:
        """The main module, imported under its own name; straight, since a call should not pay for a search."""
        name = self.script.main_name
        found = sys.modules.get(name)
        if getattr(found, "__loader__", None) is self.importer:
            return found
        module = importlib.util.module_from_spec(self.importer.find_spec(name))
        sys.modules[name] = module
        try:
            self.importer.exec_module(module)
        except BaseException:
            sys.modules.pop(name, None)
            raise
        return sys.modules[name]  # a module may put another in its place

    def call(self, function: str, arguments: str) -> str:
        """Calls a function of the main module; JSON in, JSON out."""
        module = self.module()
        called = getattr(module, function, None)
        if not callable(called):
            raise Failed(f"{self.script.main} has no function named {function}")
        given = values.from_json(arguments)
        # A handler is made for events: whatever the call has goes to it as one.
        try:
            result = called(tuple(given)) if function == HANDLER else called(*given)
            if inspect.isawaitable(result):
                result = asyncio.run(_awaited(result))
        except SystemExit as leaving:
            if leaving.code not in (None, 0):
                raise
            result = None
        return values.to_json(result)

    def run(self) -> int:
        """Runs the main file as `__main__`; the result is the exit code."""
        module = ModuleType("__main__")
        module.__file__ = self.importer.get_filename("__main__")
        module.__loader__ = self.importer
        sys.modules["__main__"] = module
        sys.argv[:] = [self.script.main, *sys.argv[1:]]
        try:
            exec(self.importer.get_code("__main__"), module.__dict__)
        except SystemExit as leaving:
            return exit_code(leaving)
        finally:
            atexit._run_exitfuncs()
        return 0

    def application(self) -> Any:
        """The WSGI or ASGI application."""
        if self.script.http is None:
            raise Failed(f"{self.script.main} has no application that answers requests")
        return getattr(self.module(), self.script.http)


def exit_code(leaving: SystemExit) -> int:
    """What `sys.exit` means as an exit code; a text is for people."""
    if leaving.code is None:
        return 0
    if isinstance(leaving.code, int):
        return leaving.code & 0xFF
    print(leaving.code, file=sys.stderr)
    return 1


async def _awaited(result: Any) -> Any:
    return await result


def _write_data(script: Script, private: str) -> None:
    """Puts data files where `open("data.json")` finds them."""
    for path, content in script.data.items():
        if ".dist-info/" in path:  # only `importlib.metadata` asks for these, and it asks the importer
            continue
        target = os.path.join(private, path)
        try:
            os.makedirs(os.path.dirname(target), exist_ok=True)
            with open(target, "wb") as file:
                file.write(content)
        except OSError as error:
            raise Failed(f"{path} cannot be put into the private directory: {error.strerror}") from error
