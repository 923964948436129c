"""Builds: source goes in, a script and what it offers comes out."""

from __future__ import annotations

import ast
import importlib.util
import marshal
import sys
from dataclasses import dataclass

from . import naming, offers, wheels
from .failures import Failed
from .importer import ScriptImporter
from .program import PRIVATE_DIRECTORY, Program
from .script import Script
from .shape import Shape, shape_of


@dataclass
class Build:
    """What came of a build."""

    script: Script
    functions: list[tuple[str, str]]
    """The name and the type of each."""
    command: bool
    importer: ScriptImporter


def build(main: str, files: dict[str, bytes], private: str = PRIVATE_DIRECTORY) -> Build:
    """Makes a script of files. What goes wrong is raised: a SyntaxError, an ImportError, whatever importing raises."""
    if main not in files:
        raise Failed(f"the main file {main} is not in the source")
    script = _compiled(main, files)
    tree = compile(files[main], main, "exec", ast.PyCF_ONLY_AST, dont_inherit=True)
    shape = shape_of(tree)
    program = Program(script, private)
    if shape.script:
        _check_imports(shape, program)
        return Build(script, [], True, program.importer)
    module = program.module()
    script.http = offers.application_of(module)
    functions = offers.functions_of(module, shape.functions, script.http)
    if not functions and not script.http and not shape.guarded:
        raise Failed(
            f"{main} has nothing to call: it needs def handler(event), another public function, a WSGI or ASGI "
            "application named app, or statements to run"
        )
    return Build(script, functions, shape.guarded, program.importer)


def _compiled(main: str, files: dict[str, bytes]) -> Script:
    """The script of files, without what only an import can tell."""
    wheel_roots, own, vendored = [], {}, {}
    for path, content in files.items():
        if wheels.is_wheel(path):
            root, unpacked = wheels.unpack(path, content)
            wheel_roots.append(root)
            vendored.update(unpacked)
        else:
            own[path] = content
    roots = naming.search_roots(main, wheel_roots)
    behind = tuple(root for root in roots if root.endswith(naming.VENDOR) or root in wheel_roots)
    everything = own | vendored
    sources = {path: content for path, content in everything.items() if path.endswith(".py") or path == main}
    modules = naming.module_names(sources, roots)
    for name in [name for name, path in modules.items() if path.startswith(behind) and _is_standard(name)]:
        del modules[name]  # packages of others go behind the standard library, as in CPython
    name = naming.main_name(main, sys.modules.keys() | modules.keys() - {n for n, p in modules.items() if p == main})
    modules[name] = main
    codes = {path: code for path, content in sources.items() if (code := _code(path, content, path.startswith(behind)))}
    data = {path: content for path, content in everything.items() if path not in sources}
    return Script(main, name, modules, codes, sources, data, None)


def _is_standard(name: str) -> bool:
    top = name.partition(".")[0]
    return top in sys.stdlib_module_names


def _code(path: str, content: bytes, vendored: bool) -> bytes | None:
    """The marshalled code. Packages of others carry files of other Pythons, and are not to be refused for them."""
    try:
        return marshal.dumps(compile(content, path, "exec", dont_inherit=True))
    except SyntaxError:
        if vendored:
            return None
        raise


def _check_imports(shape: Shape, program: Program) -> None:
    """Runs those imports of a program of which it is known that they fail, for their own words."""
    for statement in shape.imports:
        named = (
            [statement.module] if isinstance(statement, ast.ImportFrom) else [alias.name for alias in statement.names]
        )
        if all(_is_there(name.partition(".")[0]) for name in named):
            continue
        alone = compile(ast.Module([statement], []), program.script.main, "exec")
        exec(alone, {"__name__": "__main__", "__loader__": program.importer})


def _is_there(name: str) -> bool:
    return name in sys.modules or importlib.util.find_spec(name) is not None
