"""Arguments and results: JSON outside, Python values inside."""

from __future__ import annotations

import base64
import dataclasses
import datetime
import json
import math
from typing import Any


def from_json(text: str) -> Any:
    """The value of a JSON text."""
    return json.loads(text)


def to_json(value: Any) -> str:
    """The JSON of a value, or the TypeError of `json` where there is none."""
    try:
        text = json.dumps(value, allow_nan=False, ensure_ascii=False, separators=(",", ":"), default=_plain)
    except ValueError as error:
        if not str(error).startswith("Out of range float"):
            raise
        named = _name_floats(value)
        text = json.dumps(named, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    if not text.isascii():
        text.encode("utf-8")  # raises where a string has a lone surrogate, which no host could read
    return text


def _plain(value: Any) -> Any:
    """What stands in JSON for a value that JSON does not have."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, (set, frozenset)):
        return list(value)
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def _name_floats(value: Any) -> Any:
    """JSON has no NaN and no infinity: they go as strings. Only walked where there is one."""
    if isinstance(value, float):
        if math.isnan(value):
            return "NaN"
        return value if math.isfinite(value) else "Infinity" if value > 0 else "-Infinity"
    if value is None or isinstance(value, (str, int)):
        return value
    if isinstance(value, dict):
        return {_name_floats(key): _name_floats(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_name_floats(item) for item in value]
    return _name_floats(_plain(value))
