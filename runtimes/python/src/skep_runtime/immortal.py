"""Lists every object that is there, so that the build can make them immortal (`immortalize.py`).

An object that is only looked at counts its references, which writes to it, which in a new instance copies a page of
memory. What is immortal does not count. There is no way to say so from Python; there is one in the finished
component, for whoever knows where the objects are.
"""

from __future__ import annotations

import gc
import sys
from array import array
from types import CodeType
from typing import Any

# What the list begins with, to be found by. Its bytes are nowhere else: they are made here.
_MARK = [0x53 << 24 | number * 0x010305 for number in (0x4B, 0x45, 0x50, 0x2E)]

# More than what the search leaves behind of itself.
_SCRUBBED_BYTES = 12 << 20

_kept: list[Any] = []
_addresses = array("I")


def note() -> None:
    """Notes all objects, and keeps them: what is noted must be there when the component is made."""
    global _kept, _addresses
    _kept = _everything()
    _addresses = array("I", [*_MARK, len(_kept), *map(id, _kept)])
    # What was freed is part of the component too, unless it is zeros.
    del [bytearray(1 << 16) for _ in range(_SCRUBBED_BYTES >> 16)][:]


def _everything() -> list[Any]:
    seen: dict[int, Any] = {}
    ahead = [sys.modules, *gc.get_objects()]
    while ahead:
        thing = ahead.pop()
        if id(thing) in seen:
            continue
        seen[id(thing)] = thing
        ahead.extend(_parts(thing))
    for own in (seen, ahead, _kept, _addresses):
        seen.pop(id(own), None)
    return list(seen.values())


def _parts(thing: Any) -> list[Any]:
    if isinstance(thing, CodeType):  # the collector of cycles does not look into these
        return [
            thing.co_consts, thing.co_names, thing.co_varnames, thing.co_freevars, thing.co_cellvars,
            thing.co_filename, thing.co_name, thing.co_qualname, thing.co_linetable, thing.co_exceptiontable,
        ]
    return gc.get_referents(thing)
