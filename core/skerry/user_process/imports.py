"""What the imports of a location cost: measured while its code is loaded, when somebody asks for it."""

import contextlib
import os
import time
from _thread import get_ident
from importlib.machinery import ExtensionFileLoader, SourceFileLoader, SourcelessFileLoader
from typing import Any, Callable, Dict, Iterator, List, Tuple

from skerry.user_process.target import Target
from skerry.user_process.tracebacks import is_user_file

#: What runs a module's code, or loads its library.
_STEPS = (
    (SourceFileLoader, "exec_module"),
    (SourcelessFileLoader, "exec_module"),
    (ExtensionFileLoader, "create_module"),
    (ExtensionFileLoader, "exec_module"),
)

#: Each module that user code imports from elsewhere, with the seconds and bytes of all that it imported in its turn.
Costs = Dict[str, List[float]]


@contextlib.contextmanager
def measured(target: Target) -> Iterator[Costs]:
    """Measure what is imported within the ``with``, in this thread; gives the costs, which are there at its end.

    Seconds are those in which this thread had the processor: many processes may be importing just now. Bytes are
    memory of this process's own, not that of files, which processes share.
    """
    costs: Costs = {}
    meter = _Meter(target.module_name.partition(".")[0], costs)
    own = {(loader, step): step in vars(loader) for loader, step in _STEPS}
    before = {(loader, step): getattr(loader, step) for loader, step in _STEPS}
    for (loader, step), function in before.items():
        setattr(loader, step, meter.around(function))
    try:
        yield costs
    finally:
        for (loader, step), function in before.items():
            if own[loader, step]:
                setattr(loader, step, function)
            else:
                delattr(loader, step)


class _Meter:
    """Measures the outermost imports of modules that are not the user's."""

    def __init__(self, own: str, costs: Costs) -> None:
        """``own``: the top-level module that is loaded."""
        self._own = own
        self._costs = costs
        self._thread = get_ident()
        self._measuring = False

    def around(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Give a function that does the same, measured."""

        def step(loader: Any, subject: Any) -> Any:
            spec = getattr(subject, "__spec__", None) or subject  # a module, or what it is made from
            if self._measuring or get_ident() != self._thread or not self._counts(spec):
                return function(loader, subject)
            self._measuring = True
            seconds, size = _now()
            try:
                return function(loader, subject)
            finally:
                self._measuring = False
                self._add(spec.name, seconds, size)

        return step

    def _counts(self, spec: Any) -> bool:
        top, file = str(spec.name).partition(".")[0], spec.origin
        return top not in (self._own, "skerry") and isinstance(file, str) and not is_user_file(file)

    def _add(self, name: str, seconds: float, size: int) -> None:
        now, size_now = _now()
        cost = self._costs.setdefault(name, [0.0, 0.0])
        cost[0] += now - seconds
        cost[1] += max(size_now - size, 0)


def _now() -> Tuple[float, int]:
    return time.thread_time(), _own_memory()


def _own_memory() -> int:
    """Give the bytes of memory that this process shares with no file; 0 where the system does not tell."""
    try:
        with open("/proc/self/statm", "rb") as file:
            numbers = file.read().split()
        return (int(numbers[1]) - int(numbers[2])) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0
