"""What went wrong, in the words of Python: a message of one line and a trace of the user's frames."""

from __future__ import annotations

import os
import traceback
from dataclasses import dataclass

_OWN_FOLDER = os.path.dirname(os.path.dirname(__file__)) + "/"
_FRAMES_MAX = 100


@dataclass
class Failed(Exception):
    """A failure as it goes to the host."""

    message: str
    trace: str | None = None


def failed(error: BaseException) -> Failed:
    """What the host is told of an error that a script raised, or that its source has."""
    if isinstance(error, Failed):
        return error
    told = traceback.TracebackException.from_exception(error)
    _keep_frames_of_user(told)
    # Without a frame of the user there is nothing to look at, except where the source itself is at fault.
    trace = _valid("".join(told.format())) if told.stack or isinstance(error, SyntaxError) else None
    return Failed(_valid(_message(error)), trace)


def _message(error: BaseException) -> str:
    name = type(error).__qualname__
    if type(error).__module__ not in ("builtins", "__main__"):
        name = f"{type(error).__module__}.{name}"
    try:
        text = str(error)
    except Exception:  # a user's `__str__` may raise too
        text = "<exception str() failed>"
    return f"{name}: {text}" if text else name


def _keep_frames_of_user(told: traceback.TracebackException) -> None:
    """Leaves out how the runtime came to the user's first line, which says nothing to users."""
    pending, seen = [told], set()
    while pending:
        current = pending.pop()
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        frames = [frame for frame in current.stack if not frame.filename.startswith((_OWN_FOLDER, "<frozen importlib"))]
        while frames and not _is_of_user(frames[0].filename):
            del frames[0]
        if len(frames) > _FRAMES_MAX:  # endless recursion: its ends tell all
            frames[_FRAMES_MAX // 2 : -_FRAMES_MAX // 2] = []
        current.stack[:] = frames
        pending += [current.__cause__, current.__context__, *(getattr(current, "exceptions", None) or [])]


def _is_of_user(file_name: str) -> bool:
    """Only paths of the source are relative."""
    return not file_name.startswith(("/", "<"))


def _valid(text: str) -> str:
    """A lone surrogate is a valid Python string, but not a valid string of a component."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
