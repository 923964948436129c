"""There are no threads. Where work is given to one and its result is waited for, it can as well be done at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import ModuleType
from typing import Any


def install() -> None:
    """Makes `ThreadPoolExecutor` work, one task after the other."""
    ThreadPoolExecutor.submit = _submit


def _submit(self: ThreadPoolExecutor, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
    if self._shutdown:
        raise RuntimeError("cannot schedule new futures after shutdown")
    future: Future[Any] = Future()
    future.set_running_or_notify_cancel()
    try:
        future.set_result(fn(*args, **kwargs))
    except Exception as error:
        future.set_exception(error)
    return future


def adapt(module: ModuleType) -> None:
    """anyio, on which ASGI frameworks stand, starts threads of its own for functions that are not async."""
    if module.__name__ == "anyio._backends._asyncio":
        module.AsyncIOBackend.run_sync_in_worker_thread = classmethod(_run_at_once)


async def _run_at_once(_backend: Any, func: Callable[..., Any], args: tuple[Any, ...], **_options: Any) -> Any:
    await asyncio.sleep(0)
    return func(*args)
