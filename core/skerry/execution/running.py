"""The run itself: solids are started as soon as they can be, until none is left."""

import contextlib
import time
from typing import ContextManager, Dict, Iterator, List, NamedTuple, Optional, Protocol, Tuple

from skerry.execution.events import Emit, Event, EventType, described
from skerry.execution.frontier import Frontier
from skerry.execution.plan import Plan
from skerry.execution.resources import set_up
from skerry.execution.settings import Settings
from skerry.execution.solids import Attempt, Ending, SolidRunner
from skerry.execution.values import Values


class Outcome(NamedTuple):
    """How a run has ended. ``type``: RUN_SUCCEEDED, RUN_FAILED or RUN_CANCELED.

    ``failed``: the solids that have failed; ``error``: what the first of them has failed with, or the set-up of a
    resource, in this process.
    """

    type: EventType
    failed: Tuple[str, ...] = ()
    error: Optional[BaseException] = None


class Executor(Protocol):
    """What executes attempts: here, one after the other, or in processes."""

    def has_room(self) -> bool:
        """Tell whether one more attempt can be started."""

    def start(self, attempt: Attempt) -> None:
        """Start an attempt."""

    def wait(self, until: Optional[float]) -> Optional[Ending]:
        """Wait for the end of an attempt that was started; None where there is none, or at ``until`` still none."""


def run(plan: Plan, settings: Settings, values: Values, emit: Emit) -> Outcome:
    """Execute a plan in this process, and perhaps in others that are forked from it; tells ``emit`` of all there is.

    Called in the main thread of a process that is for this run, or of one that waits for it. KeyboardInterrupt cancels
    the run: what is set up is torn down. Raises what ``emit`` raises.
    """
    under_way: Dict[str, None] = {}
    emit = _noting(described(emit, settings.describe), under_way)
    done = {"done": {name: sorted(outputs) for name, outputs in plan.done.items()}} if plan.done else {}
    emit(Event(EventType.RUN_STARTED, None, {"solids": list(plan.solids), **done}))
    outcome = _outcome(plan, settings, values, emit)
    for name in list(under_way):  # of a run that was canceled in the moment in which one began, or before its retry
        emit(Event(EventType.SOLID_FAILED, name, {"canceled": True}))
    data = {"failed": list(outcome.failed)} if outcome.type is EventType.RUN_FAILED else {}
    # The error of a solid is told already.
    emit(Event(outcome.type, None, data, None if outcome.failed else outcome.error))
    return outcome


def _noting(emit: Emit, under_way: Dict[str, None]) -> Emit:
    """Note in ``under_way`` the solids that have begun, or are to be run again, and have not come to their end."""

    def tell(event: Event) -> None:
        if event.type in (EventType.SOLID_STARTED, EventType.SOLID_RETRIED):
            under_way[str(event.solid)] = None
        elif event.type in (EventType.SOLID_SUCCEEDED, EventType.SOLID_FAILED):
            under_way.pop(str(event.solid), None)
        emit(event)

    return tell


def _outcome(plan: Plan, settings: Settings, values: Values, emit: Emit) -> Outcome:
    failures: Dict[str, Optional[BaseException]] = {}
    try:
        with contextlib.ExitStack() as stack:
            try:
                executor = stack.enter_context(_executor(plan, settings, values, emit))
            except KeyboardInterrupt:
                raise
            except BaseException as error:  # of a resource: sys.exit() there is its failure, too
                return Outcome(EventType.RUN_FAILED, error=error)
            _drive(plan, settings, executor, values, emit, failures)
    except KeyboardInterrupt:
        return Outcome(EventType.RUN_CANCELED, tuple(failures))
    if failures:
        return Outcome(EventType.RUN_FAILED, tuple(failures), next(iter(failures.values())))
    return Outcome(EventType.RUN_SUCCEEDED)


def _drive(
    plan: Plan,
    settings: Settings,
    executor: Executor,
    values: Values,
    emit: Emit,
    failures: Dict[str, Optional[BaseException]],
) -> None:
    frontier = Frontier(plan)
    retries: Dict[str, int] = {}
    while True:
        if settings.is_canceled() and frontier.is_open:
            raise KeyboardInterrupt
        for skipped in frontier.skipped():
            emit(Event(EventType.SOLID_SKIPPED, skipped.solid, {"reason": skipped.reason}))
        while executor.has_room():
            invocation = frontier.next(time.monotonic())
            if invocation is None:
                break
            sources = {name: frontier.sources(invocation, name) for name in invocation.inputs}
            emit(Event(EventType.SOLID_STARTED, invocation.name, {}))
            executor.start(Attempt(invocation, sources, retries.get(invocation.name, 0)))
        # Where there is no room, what is due cannot start before something else has ended.
        ending = executor.wait(frontier.next_due if executor.has_room() else None)
        if ending is None:
            if frontier.next_due is None:
                return
            time.sleep(max(0.0, frontier.next_due - time.monotonic()))
        elif ending.retry_in is not None:
            retries[ending.solid] = retries.get(ending.solid, 0) + 1
            frontier.retried(ending.solid, time.monotonic() + ending.retry_in)
        else:
            _ended(plan, frontier, values, ending, failures)


def _ended(
    plan: Plan,
    frontier: Frontier,
    values: Values,
    ending: Ending,
    failures: Dict[str, Optional[BaseException]],
) -> None:
    if ending.outputs is None:
        failures[ending.solid] = ending.error
        frontier.failed(ending.solid)
    else:
        frontier.succeeded(ending.solid, ending.outputs)
    taken = {source.solid for sources in plan.solids[ending.solid].inputs.values() for source in sources}
    for solid in (ending.solid, *taken):
        if not frontier.is_needed(solid):
            definition = plan.solids[solid].definition if solid in plan.solids else None
            if definition is not None:
                values.forget(solid, [output.name for output in definition.outputs])


def _executor(plan: Plan, settings: Settings, values: Values, emit: Emit) -> "ContextManager[Executor]":
    if settings.max_concurrency > 1:
        from skerry.execution.parallel import in_processes

        return in_processes(plan, settings, values, emit)
    return _here(plan, settings, values, emit)


@contextlib.contextmanager
def _here(plan: Plan, settings: Settings, values: Values, emit: Emit) -> "Iterator[_Here]":
    with set_up(plan, plan.solids.values(), settings, emit) as made:
        yield _Here(SolidRunner(plan, settings, values, made, emit))


class _Here:
    """Executes in this process, one after the other."""

    def __init__(self, runner: SolidRunner) -> None:
        self._runner = runner
        self._endings: List[Ending] = []

    def has_room(self) -> bool:
        return not self._endings

    def start(self, attempt: Attempt) -> None:
        self._endings.append(self._runner.execute(attempt))

    def wait(self, until: Optional[float]) -> Optional[Ending]:
        return self._endings.pop() if self._endings else None
