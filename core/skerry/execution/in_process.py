"""A run in the process of whoever asks for it, as in a test."""

import logging
import uuid
from typing import Any, Dict, List, Mapping, Optional, Tuple

from skerry.definitions import PipelineDefinition
from skerry.execution.config import validate
from skerry.execution.events import Event, EventType
from skerry.execution.plan import Plan
from skerry.execution.running import Outcome, run
from skerry.execution.settings import Settings
from skerry.execution.values import MemoryValues

_log = logging.getLogger("skerry")


class InProcessResult:
    """What came of ``execute_in_process``. ``events``: all there were; ``error``: what a failed run has failed with."""

    def __init__(self, pipeline: PipelineDefinition, run_id: str, outcome: Outcome, events: List[Event]) -> None:
        self.run_id = run_id
        self.events: Tuple[Event, ...] = tuple(events)
        self.success = outcome.type is EventType.RUN_SUCCEEDED
        self.error = outcome.error
        self._pipeline = pipeline
        self._outputs: Dict[Tuple[str, str], Any] = {}

    def output_for(self, solid: str, output: str = "result") -> Any:
        """Give an output by the solid's name in the pipeline. Raises KeyError where it was not given."""
        try:
            return self._outputs[solid, output]
        except KeyError:
            given = ", ".join(f"{one}.{other}" for one, other in self._outputs) or "none"
            raise KeyError(f"{self._pipeline.name} has not given {solid}.{output}; it has given: {given}") from None

    def events_of(self, solid: str) -> Tuple[EventType, ...]:
        """Give the types of the events of a solid, in their order."""
        return tuple(event.type for event in self.events if event.solid == solid)

    def __repr__(self) -> str:
        return f"<InProcessResult of {self._pipeline.name!r}: {'success' if self.success else 'failure'}>"


class _Kept(MemoryValues):
    """Outputs that stay for the result."""

    def __init__(self, kept: Dict[Tuple[str, str], Any]) -> None:
        super().__init__()
        self._values = kept

    def forget(self, solid: str, outputs: Any) -> None:
        """See ``Values``."""


def execute(
    pipeline: PipelineDefinition,
    run_config: Optional[Mapping[str, Any]],
    resources: Optional[Mapping[str, Any]],
    tags: Optional[Mapping[str, str]],
    run_id: Optional[str],
    *,
    raise_on_error: bool,
) -> InProcessResult:
    """See ``PipelineDefinition.execute_in_process``."""
    if pipeline.failure:
        raise pipeline.failure
    config = dict(run_config or {})
    if not validate(pipeline.name, pipeline.config_schema, config) and config:
        _log.warning(
            "The run config of %s is not validated: jsonschema is not installed here. A run that Skerry starts "
            "validates it.",
            pipeline.name,
        )
    events: List[Event] = []
    settings = Settings(run_id or str(uuid.uuid4()), {**pipeline.tags, **(tags or {})}, dict(resources or {}))
    kept: Dict[Tuple[str, str], Any] = {}
    outcome = run(Plan.of(pipeline, config), settings, _Kept(kept), events.append)
    if outcome.type is EventType.RUN_CANCELED:
        raise KeyboardInterrupt
    if raise_on_error and outcome.error is not None:
        raise outcome.error
    result = InProcessResult(pipeline, settings.run_id, outcome, events)
    result._outputs = kept
    return result
