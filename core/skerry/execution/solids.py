"""One solid of a run: its inputs are fetched, it is attempted, and what comes of that is told."""

from typing import Any, Dict, FrozenSet, Mapping, NamedTuple, Optional, Sequence

from skerry.definitions import OutputReference, RetryRequested, SolidInvocation
from skerry.definitions.run_contexts import HookContext, SolidExecutionContext
from skerry.errors import RunError
from skerry.execution.attempt import outputs_of
from skerry.execution.calling import call
from skerry.execution.events import Emit, Event, EventType
from skerry.execution.logs import logger
from skerry.execution.plan import Plan
from skerry.execution.settings import Settings
from skerry.execution.values import Values


class Attempt(NamedTuple):
    """What to do. ``sources``: for each connected input the outputs to fetch. ``retry_number``: 0 in the first one."""

    invocation: SolidInvocation
    sources: Mapping[str, Sequence[OutputReference]]
    retry_number: int


class Ending(NamedTuple):
    """How an attempt has ended: with ``outputs``; or with None, and ``retry_in`` seconds, if it is to be repeated."""

    solid: str
    outputs: Optional[FrozenSet[str]] = None
    retry_in: Optional[float] = None
    error: Optional[BaseException] = None


class SolidRunner:
    """Executes attempts with the resources that are set up here."""

    def __init__(
        self, plan: Plan, settings: Settings, values: Values, resources: Mapping[str, Any], emit: Emit
    ) -> None:
        self._plan = plan
        self._settings = settings
        self._values = values
        self._resources = resources
        self._emit = emit

    def execute(self, attempt: Attempt) -> Ending:
        """Execute it, and tell of it. Raises nothing but KeyboardInterrupt, which cancels the run."""
        name = attempt.invocation.name
        given: Dict[str, Any] = {}
        try:
            for output, value in outputs_of(attempt.invocation, self._inputs(attempt), self._context(attempt)):
                size = self._values.put(name, output, value)
                self._emit(
                    Event(EventType.OUTPUT, name, {"output": output, **({} if size is None else {"size": size})})
                )
                given[output] = value
        except KeyboardInterrupt as error:
            self._emit(Event(EventType.SOLID_FAILED, name, {"canceled": True}, error))
            raise
        except BaseException as error:  # sys.exit() in user code is its failure, not the end of the run
            return self._failed(attempt, error)
        self._emit(Event(EventType.SOLID_SUCCEEDED, name))
        self._call_hooks(attempt, "success", solid_output_values=given)
        return Ending(name, frozenset(given))

    def _inputs(self, attempt: Attempt) -> Dict[str, Any]:
        inputs: Dict[str, Any] = {}
        for key, sources in attempt.sources.items():
            found = [self._values.get(source.solid, source.output) for source in sources]
            inputs[key] = found if key in attempt.invocation.fan_in else found[0]
        return inputs

    def _context(self, attempt: Attempt) -> SolidExecutionContext:
        name = attempt.invocation.name

        def report(fraction: float, text: str) -> None:
            self._emit(Event(EventType.PROGRESS, name, {"fraction": fraction, "text": text}))

        return SolidExecutionContext(
            self._plan.configuration.of_solid(name),
            solid_name=name,
            pipeline_name=self._plan.pipeline.name,
            retry_number=attempt.retry_number,
            report=report,
            **self._common(name, attempt.invocation.definition.required_resource_keys),
        )

    def _common(self, solid: str, resources: FrozenSet[str]) -> Dict[str, Any]:
        return {
            "run_id": self._settings.run_id,
            "tags": self._settings.tags,
            "log": logger(self._emit, solid),
            "resources": {name: self._resources[name] for name in resources},
        }

    def _failed(self, attempt: Attempt, error: BaseException) -> Ending:
        name = attempt.invocation.name
        seconds = _seconds_to_retry(attempt, error)
        if seconds is not None:
            data = {"retry": attempt.retry_number + 1, "seconds": seconds}
            self._emit(Event(EventType.SOLID_RETRIED, name, data, error))
            return Ending(name, retry_in=seconds, error=error)
        self._emit(Event(EventType.SOLID_FAILED, name, {}, error))
        self._call_hooks(attempt, "failure", solid_exception=error)
        return Ending(name, error=error)

    def _call_hooks(self, attempt: Attempt, after: str, **more: Any) -> None:
        name = attempt.invocation.name
        for hook in self._plan.pipeline.hooks:
            if hook.after == after:
                context = HookContext(solid_name=name, **more, **self._common(name, hook.required_resource_keys))
                try:
                    call(hook.function, context)
                except KeyboardInterrupt:
                    raise
                except BaseException as error:
                    data = {"level": "ERROR", "message": f"The hook {hook.name!r} has failed."}
                    self._emit(Event(EventType.LOG, name, data, error))


def _seconds_to_retry(attempt: Attempt, error: BaseException) -> Optional[float]:
    """Give how long to wait before the solid is run again; None where it is not."""
    if isinstance(error, RetryRequested):
        return error.seconds_to_wait if attempt.retry_number < error.max_retries else None
    policy = attempt.invocation.definition.retry_policy
    # What Skerry itself has found would be found again.
    if policy is None or not isinstance(error, Exception) or isinstance(error, RunError):
        return None
    return policy.seconds_before(attempt.retry_number + 1) if attempt.retry_number < policy.max_retries else None
