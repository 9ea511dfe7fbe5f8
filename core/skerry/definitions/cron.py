"""The syntax of cron schedules. What they mean in time is the daemon's business."""

from typing import Dict, NamedTuple, Optional, Sequence

NICKNAMES = ("@hourly", "@daily", "@midnight", "@weekly", "@monthly", "@yearly", "@annually")


class _Field(NamedTuple):
    name: str
    low: int
    high: int
    words: Sequence[str] = ()


_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FIELDS = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of month", 1, 31),
    _Field("month", 1, 12, _MONTHS),
    # Sunday is 0 and 7.
    _Field("day of week", 0, 7, _DAYS),
)


def fault(cron_schedule: str) -> Optional[str]:
    """Say what is wrong with a cron schedule, or give None."""
    if cron_schedule.startswith("@"):
        return None if cron_schedule in NICKNAMES else f"{cron_schedule!r} is not known"
    parts = cron_schedule.split()
    if len(parts) != len(_FIELDS):
        return f"it has {len(parts)} fields"
    for field, part in zip(_FIELDS, parts):
        for item in part.split(","):
            problem = _item_fault(field, item)
            if problem:
                return f"{field.name} {part!r}: {problem}"
    return None


def _item_fault(field: _Field, item: str) -> Optional[str]:
    """Check one item of a list: ``*``, ``5``, ``1-5``, each with a step such as ``/2``."""
    span, slash, step = item.partition("/")
    if slash and not (_is_number(step) and int(step) > 0):
        return f"the step {step!r} is not a number from 1 on"
    if span == "*":
        return None
    first, dash, last = span.partition("-")
    names: Dict[str, int] = {word: number for number, word in enumerate(field.words, field.low)}
    bounds = []
    for text in (first, last) if dash else (first,):
        value = int(text) if _is_number(text) else names.get(text.lower())
        if value is None or not field.low <= value <= field.high:
            return f"{text!r} is not in {field.low}-{field.high}"
        bounds.append(value)
    if dash and bounds[0] > bounds[1]:
        return f"{span!r} runs backwards"
    return None


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()
