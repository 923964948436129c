"""Which path is which module."""

from __future__ import annotations

from collections.abc import Iterable

_PACKAGE_FILE = "__init__.py"
VENDOR = "vendor/"
"""The folder for packages of others, beside the main file or at the top."""


def folder_of(path: str) -> str:
    """The folder of a path with its `/`, or nothing at the top."""
    return path[: path.rfind("/") + 1]


def search_roots(main: str, wheels: Iterable[str]) -> list[str]:
    """Where imports are looked for, in order, as `sys.path` would have it."""
    beside = folder_of(main)
    if main.endswith("/" + _PACKAGE_FILE):
        beside = folder_of(beside[:-1])
    return list(dict.fromkeys([beside, "", beside + VENDOR, VENDOR, *wheels]))


def module_names(paths: Iterable[str], roots: Iterable[str]) -> dict[str, str]:
    """The path of each module: the first root that has it wins, and a file wins over a bare folder."""
    names: dict[str, str] = {}
    folders: dict[str, str] = {}
    paths = list(paths)
    for root in roots:
        found: dict[str, str] = {}
        for path in paths:
            if path.startswith(root):
                _add(path, root, found, folders)
        for name, path in found.items():
            names.setdefault(name, path)
    return folders | names


def _add(path: str, root: str, found: dict[str, str], folders: dict[str, str]) -> None:
    *parents, file_name = path[len(root) :].split("/")
    parts = parents if file_name == _PACKAGE_FILE else [*parents, file_name.removesuffix(".py")]
    if not parts or not all(part.isidentifier() for part in parts):
        return
    name = ".".join(parts)
    # Of `a.py` and `a/__init__.py` the package wins, as in Python.
    if file_name == _PACKAGE_FILE or name not in found:
        found[name] = path
    for depth in range(1, len(parents) + 1):
        folders.setdefault(".".join(parents[:depth]), root + "/".join(parents[:depth]) + "/")


def is_package(path: str) -> bool:
    """Whether the module at a path may have modules inside."""
    return path.endswith("/") or path.rsplit("/", 1)[-1] == _PACKAGE_FILE


def main_name(main: str, taken: Iterable[str]) -> str:
    """The name by which the main file is imported: its own, where no other module has it."""
    stem = main.removesuffix("/" + _PACKAGE_FILE).rsplit("/", 1)[-1].removesuffix(".py")
    name = "".join(letter if letter.isalnum() or letter == "_" else "_" for letter in stem)
    if name in ("", "__main__"):
        name = "main"
    taken = set(taken)
    while name in taken:
        name += "_"
    return name
