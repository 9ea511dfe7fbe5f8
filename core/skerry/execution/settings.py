"""What a run is told besides its plan."""

from typing import Any, Callable, Mapping, NamedTuple


def _as_it_is(error: BaseException) -> Any:
    return error


def _never() -> bool:
    return False


class Settings(NamedTuple):
    """What a run is told besides its plan.

    ``resources``: values that stand for resources of the pipeline. ``max_concurrency``: how many solids may be executed
    at the same time; if several, each in a process of its own, and values that are kept in a folder. ``describe``:
    makes of an exception what stands in events, then plain JSON; in one process it may stay what it is.
    ``is_canceled``: whether the run is to be canceled, also when user code has swallowed the KeyboardInterrupt.
    """

    run_id: str
    tags: Mapping[str, str] = {}
    resources: Mapping[str, Any] = {}
    max_concurrency: int = 1
    describe: Callable[[BaseException], Any] = _as_it_is
    is_canceled: Callable[[], bool] = _never
