"""What an imported main module offers: functions to call, an application that answers requests."""

from __future__ import annotations

import inspect
from types import ModuleType
from typing import Any

from .failures import Failed
from .shape import APPLICATION_NAMES

HANDLER = "handler"
_HANDLER_WANTED = "handler needs to have the following signature: def handler(event)"


def functions_of(module: ModuleType, names: list[str], application: str | None) -> list[tuple[str, str]]:
    """The name and the type of each function; the handler first."""
    found = []
    if callable(getattr(module, HANDLER, None)):
        _check_handler(module.handler)
        found.append((HANDLER, _handler_type(module.handler)))
    for name in names:
        function = getattr(module, name, None)
        if name not in (HANDLER, application) and callable(function):
            found.append((name, _type_of(function)))
    return found


def application_of(module: ModuleType) -> str | None:
    """The name of the module's WSGI or ASGI application."""
    for name in APPLICATION_NAMES:
        candidate = getattr(module, name, None)
        if callable(candidate) and not inspect.isclass(candidate) and (is_asgi(candidate) or _takes(candidate, 2)):
            return name
    return None


def is_asgi(application: Any) -> bool:
    """Whether an application is one of ASGI 3; else it is one of WSGI."""
    called = application if inspect.isroutine(application) else type(application).__call__
    return inspect.iscoroutinefunction(called) and _takes(application, 3)


def _check_handler(handler: Any) -> None:
    if not _takes(handler, 1):
        raise Failed(_HANDLER_WANTED)


def _takes(function: Any, count: int) -> bool:
    """Whether a function can be called with so many arguments by place."""
    try:
        inspect.signature(function).bind(*[None] * count)
    except TypeError:
        return False
    except ValueError:  # one without a signature, written in C
        return True
    return True


def _handler_type(handler: Any) -> str:
    try:
        name = next(iter(inspect.signature(handler).parameters))
    except ValueError:
        name = "event"
    return f"func({name}: json) -> json"


def _type_of(function: Any) -> str:
    """A type as people read it: `func(a: json, b?: json) -> json`."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (ValueError, TypeError):
        return "func(...) -> json"
    parts = []
    for parameter in parameters:
        if parameter.kind == parameter.VAR_POSITIONAL:
            parts.append(f"...{parameter.name}: json")
        elif parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
            optional = "" if parameter.default is parameter.empty else "?"
            parts.append(f"{parameter.name}{optional}: json")
    return f"func({', '.join(parts)}) -> json"
