"""Imports out of a script, from memory."""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.metadata
import importlib.resources.readers
import importlib.util
import marshal
import pathlib
import sys
from collections.abc import Iterable
from types import CodeType, ModuleType, SimpleNamespace
from typing import Any

from . import threads
from .naming import folder_of, is_package
from .script import Script


class ScriptImporter(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """Finds and loads the modules of one script."""

    def __init__(self, script: Script) -> None:
        self.script = script

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> Any:
        """The spec of a module of the script, or None."""
        place = self.script.modules.get(name)
        if place is None:
            return None
        if place.endswith("/"):
            spec = importlib.util.spec_from_loader(name, None, is_package=True)
        else:
            spec = importlib.util.spec_from_loader(name, self, origin="/" + place, is_package=is_package(place))
            spec.has_location = True
        if is_package(place):
            spec.submodule_search_locations = ["/" + folder_of(place).rstrip("/")]
        return spec

    def exec_module(self, module: ModuleType) -> None:
        """Runs a module's code in it."""
        exec(self.get_code(module.__name__), module.__dict__)
        threads.adapt(module)

    def get_code(self, name: str) -> CodeType:
        """The code of a module. One of a package of others that did not compile fails here, when it is wanted."""
        path = self._path(name)
        marshalled = self.script.codes.get(path)
        if marshalled is None:
            return compile(self.script.sources[path], path, "exec", dont_inherit=True)
        return marshal.loads(marshalled)

    def get_source(self, name: str) -> str:
        """The text of a module. `linecache` asks for it, and so traces show lines."""
        return importlib.util.decode_source(self.script.sources[self._path(name)])

    def get_filename(self, name: str) -> str:
        """Where a module would lie in the private directory."""
        return "/" + self._path(name)

    def is_package(self, name: str) -> bool:
        """Whether a module may have modules inside."""
        return is_package(self._path(name))

    def get_data(self, path: str) -> bytes:
        """The content of a file of the source."""
        relative = path.removeprefix("/")
        for files in (self.script.data, self.script.sources):
            if relative in files:
                return files[relative]
        raise FileNotFoundError(2, "No such file or directory", path)

    def get_resource_reader(self, name: str) -> Any:
        """Resources of a package lie in the private directory, as all data files do."""
        return importlib.resources.readers.FileReader(SimpleNamespace(path=self.get_filename(name)))

    def find_distributions(self, context: Any = None) -> Iterable[importlib.metadata.Distribution]:
        """What wheels say of themselves."""
        wanted = getattr(context, "name", None)
        for path in self.script.data:
            folder, _, file_name = path.rpartition("/")
            if file_name == "METADATA" and folder.endswith(".dist-info"):
                found = _Distribution(self, folder)
                if wanted is None or _normal(found.metadata["Name"]) == _normal(wanted):
                    yield found

    def _path(self, name: str) -> str:
        path = self.script.main if name == "__main__" else self.script.modules.get(name)
        if path is None or path.endswith("/"):
            raise ImportError(f"no module named {name!r} in this script", name=name)
        return path


class _Distribution(importlib.metadata.Distribution):
    def __init__(self, importer: ScriptImporter, folder: str) -> None:
        self._importer, self._folder = importer, folder

    def read_text(self, filename: str) -> str | None:
        content = self._importer.script.data.get(f"{self._folder}/{filename}")
        return None if content is None else content.decode("utf-8")

    def locate_file(self, path: Any) -> Any:
        return pathlib.Path("/" + folder_of(self._folder)) / path


def _normal(name: str) -> str:
    return name.lower().replace("-", "_").replace(".", "_")


def install(script: Script) -> ScriptImporter:
    """Makes a script's modules importable.

    As with a script's folder in CPython, they go before the standard library, but not before what is built in.
    """
    importer = ScriptImporter(script)
    own = {name.partition(".")[0] for name, path in script.modules.items() if not path.endswith("/")}
    hidden = {name for name in own if name in sys.modules and not _is_built_in(name)}
    if hidden:
        for loaded in [name for name in sys.modules if name.partition(".")[0] in hidden]:
            del sys.modules[loaded]
    sys.meta_path.insert(sys.meta_path.index(importlib.machinery.PathFinder), importer)
    return importer


def _is_built_in(name: str) -> bool:
    return importlib.machinery.BuiltinImporter.find_spec(name) is not None or (
        importlib.machinery.FrozenImporter.find_spec(name) is not None
    )


def uninstall(importer: ScriptImporter) -> None:
    """Forgets a script and what was imported of it."""
    sys.meta_path.remove(importer)
    for name in importer.script.modules:
        sys.modules.pop(name, None)
