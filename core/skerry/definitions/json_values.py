"""Values that are plain JSON."""

import math
from typing import Any, Optional, Tuple

#: Bits of a whole number. Python itself refuses to write one of more than 4 300 digits, which is a little more.
_MOST_BITS = 14_000


def copied(value: Any) -> Any:
    """Give a deep copy of a plain JSON value, which the user's later changes do not reach."""
    if isinstance(value, dict):
        return {key: copied(item) for key, item in value.items()}
    if isinstance(value, list):
        return [copied(item) for item in value]
    return value


def first_fault(value: Any, path: str, above: Tuple[Any, ...] = ()) -> Optional[Tuple[str, Any]]:
    """Find the first part of ``value`` that is not plain JSON; give the path that leads to it, and the part.

    A container that holds itself is such a part. A tuple is one too: it would come back as a list. So is a whole number
    that cannot be written.
    """
    if value is None or isinstance(value, (str, bool)):
        return None
    if isinstance(value, int):
        return None if value.bit_length() <= _MOST_BITS else (path, value)
    if isinstance(value, float):
        return None if math.isfinite(value) else (path, value)
    if not isinstance(value, (dict, list)) or any(value is container for container in above):
        return path, value
    for key, item in value.items() if isinstance(value, dict) else enumerate(value):
        if isinstance(value, dict) and not isinstance(key, str):
            return f"a key in {path}", key
        fault = first_fault(item, f"{path}[{key!r}]", (*above, value))
        if fault:
            return fault
    return None
