"""asyncio without threads and sockets: an event loop that runs what is ready, and sleeps until the next timer."""

from __future__ import annotations

import asyncio
import time
import warnings
from asyncio import base_events
from collections.abc import Callable
from typing import Any


class EventLoop(base_events.BaseEventLoop):
    """The loop that `asyncio.run` uses here."""

    def __init__(self) -> None:
        super().__init__()
        self._selector = _Timer()

    def _process_events(self, event_list: list[Any]) -> None:
        """Nothing but time passes while the loop waits."""

    def _write_to_self(self) -> None:
        """No other thread could wake the loop."""

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:
        """Does the work at once: there is no thread to give it to. `asyncio.to_thread` comes here too."""
        future = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:
            future.set_exception(error)
        return future


class _Timer:
    """Takes the place of the selector."""

    def select(self, timeout: float | None) -> list[Any]:
        if timeout is None:
            raise RuntimeError(
                "the event loop waits for something that cannot happen: no task is ready and no timer is set"
            )
        if timeout > 0:
            time.sleep(timeout)
        return []


class _Policy(
    asyncio.AbstractEventLoopPolicy
    if not hasattr(asyncio.events, "_AbstractEventLoopPolicy")
    else asyncio.events._AbstractEventLoopPolicy
):
    """Gives the one kind of loop that works here; one thread, so one loop at a time."""

    _loop: asyncio.AbstractEventLoop | None = None

    def get_event_loop(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            raise RuntimeError("There is no current event loop")
        return self._loop

    def set_event_loop(self, loop: asyncio.AbstractEventLoop | None) -> None:
        self._loop = loop

    def new_event_loop(self) -> asyncio.AbstractEventLoop:
        return EventLoop()


def install() -> None:
    """Makes `asyncio.run` and `asyncio.new_event_loop` use the loop."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        asyncio.set_event_loop_policy(_Policy())
    asyncio.SelectorEventLoop = asyncio.EventLoop = EventLoop
