"""What kind of program the main file is, told from its syntax tree before anything of it runs."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

APPLICATION_NAMES = ("app", "application")
_DEFINITIONS = (
    ast.Import,
    ast.ImportFrom,
    ast.FunctionDef,
    ast.AsyncFunctionDef,
    ast.ClassDef,
    ast.Assign,
    ast.AnnAssign,
    ast.Pass,
)
_TYPE_ALIAS = getattr(ast, "TypeAlias", ast.Pass)  # of Python 3.12


@dataclass
class Shape:
    """What the top level of a main file holds."""

    functions: list[str] = field(default_factory=list)
    """Public functions, in the order of the file."""
    script: bool = False
    """Whether it does its work as it is read, so that it must not be imported to look at it."""
    guarded: bool = False
    """Whether it has `if __name__ == "__main__":`."""
    imports: list[ast.Import | ast.ImportFrom] = field(default_factory=list)
    """Imports that are always done, of modules named in full."""


def shape_of(tree: ast.Module) -> Shape:
    """Looks at the top level of a main file."""
    shape = Shape()
    own, bound, loose = set(), set(), []
    for statement in _top_level(tree.body):
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
            own.add(statement.name)
        if _is_guard(statement):
            shape.guarded = True
        elif not isinstance(statement, (*_DEFINITIONS, _TYPE_ALIAS)) and not _is_text(statement):
            loose.append(statement)
        bound.update(_bound_names(statement))
    shape.functions = [name for name in dict.fromkeys(_function_names(tree.body)) if not name.startswith("_")]
    shape.imports = [node for node in tree.body if isinstance(node, ast.Import) or _is_absolute(node)]
    serves = not bound.isdisjoint({"handler", *APPLICATION_NAMES})
    # A file that calls its own functions as it is read, such as `main()` or `print(add(1, 2))`, is a program.
    shape.script = bool(loose) and not serves and (not shape.functions or _calls(loose, own))
    return shape


def _top_level(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of the module itself; those in `if` and `try` too, where imports and fallbacks stand."""
    for statement in body:
        if isinstance(statement, ast.Try):
            for part in (
                statement.body,
                statement.orelse,
                statement.finalbody,
                *(one.body for one in statement.handlers),
            ):
                yield from _top_level(part)
        elif isinstance(statement, ast.If) and not _is_guard(statement):
            yield from _top_level(statement.body)
            yield from _top_level(statement.orelse)
        else:
            yield statement


def _function_names(body: list[ast.stmt]) -> Iterator[str]:
    for statement in _top_level(body):
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield statement.name


def _bound_names(statement: ast.stmt) -> Iterator[str]:
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        yield statement.name
    elif isinstance(statement, (ast.Import, ast.ImportFrom)):
        yield from (alias.asname or alias.name for alias in statement.names)
    elif isinstance(statement, (ast.Assign, ast.AnnAssign)):
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                yield node.id


def _is_guard(statement: ast.stmt) -> bool:
    """Whether it is `if __name__ == "__main__":`."""
    if not isinstance(statement, ast.If) or not isinstance(statement.test, ast.Compare):
        return False
    sides = [statement.test.left, *statement.test.comparators]
    return any(isinstance(side, ast.Name) and side.id == "__name__" for side in sides) and any(
        isinstance(side, ast.Constant) and side.value == "__main__" for side in sides
    )


def _is_text(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _is_absolute(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.ImportFrom) and statement.level == 0


def _calls(statements: list[ast.stmt], names: set[str]) -> bool:
    nodes = (node for statement in statements for node in ast.walk(statement))
    return any(
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names for node in nodes
    )
