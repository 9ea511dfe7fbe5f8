"""Runs a pipeline: the order of its solids, their values, retries and hooks, and what is told of it while it goes.

Standard library only; CPython 3.8 and newer. Whoever runs a pipeline makes a ``Plan`` of it and gives that to ``run``,
with a place for the values and a function that hears of each event. Imported when first used: the model needs the types
of events alone.
"""

from typing import TYPE_CHECKING

from skerry import lazily

_HOMES = {
    "skerry.execution.events": ("Emit", "Event", "EventType", "NotToldError"),
    "skerry.execution.in_process": ("InProcessResult",),
    "skerry.execution.plan": ("Plan",),
    "skerry.execution.running": ("Outcome", "run"),
    "skerry.execution.settings": ("Settings",),
    "skerry.execution.values": ("FolderValues", "KeptValues", "MemoryValues", "Values"),
}

__all__ = [
    "Emit",
    "Event",
    "EventType",
    "FolderValues",
    "InProcessResult",
    "KeptValues",
    "MemoryValues",
    "NotToldError",
    "Outcome",
    "Plan",
    "Settings",
    "Values",
    "run",
]

if TYPE_CHECKING:
    from skerry.execution.events import Emit, Event, EventType, NotToldError
    from skerry.execution.in_process import InProcessResult
    from skerry.execution.plan import Plan
    from skerry.execution.running import Outcome, run
    from skerry.execution.settings import Settings
    from skerry.execution.values import FolderValues, KeptValues, MemoryValues, Values


__getattr__ = lazily.attributes(__name__, _HOMES)
