"""Sensors: pipelines started when something has happened."""

import math
from typing import Any, Callable, ClassVar, Optional, Union

from skerry.definitions import base, messages, position, signature
from skerry.definitions.collecting import attempt
from skerry.definitions.messages import invalid
from skerry.definitions.pipelines import PipelineDefinition
from skerry.definitions.position import Position
from skerry.definitions.triggers import TriggerDefinition, chosen_pipeline


class SensorDefinition(TriggerDefinition):
    """A sensor, made by ``@sensor``. ``minimum_interval_seconds``: the least time between two evaluations."""

    type: ClassVar[str] = "sensor"
    minimum_interval_seconds: float = 30

    def __init__(
        self,
        function: Callable[..., Any],
        *,
        pipeline: Union[PipelineDefinition, str, None] = None,
        job: Union[PipelineDefinition, str, None] = None,
        pipeline_name: Optional[str] = None,
        name: Optional[str] = None,
        minimum_interval_seconds: float = 30,
        description: Optional[str] = None,
    ) -> None:
        """Check what the decorator was given. Raises DefinitionError."""
        found = base.user_function(self.type, function)
        at = position.of_function(found)
        name = base.checked_name(self.type, function.__name__ if name is None else name, at)
        self._fill(
            name=name,
            description=base.checked_description(self.type, name, description, at) or signature.description(found),
            file=at.file,
            line=at.line,
            function=function,
            minimum_interval_seconds=_checked_interval(name, minimum_interval_seconds, at),
            pipeline=chosen_pipeline(
                self.type, name, {"pipeline": pipeline, "job": job, "pipeline_name": pipeline_name}, at
            ),
        )


def sensor(
    function: Optional[Callable[..., Any]] = None,
    *,
    pipeline: Union[PipelineDefinition, str, None] = None,
    job: Union[PipelineDefinition, str, None] = None,
    pipeline_name: Optional[str] = None,
    name: Optional[str] = None,
    minimum_interval_seconds: float = 30,
    description: Optional[str] = None,
) -> Callable[[Callable[..., Any]], SensorDefinition]:
    """Make a function a sensor; used as ``@sensor(pipeline=...)``.

    ``pipeline``, or ``job``: what it starts, or its name (also ``pipeline_name``). ``minimum_interval_seconds``:
    the least time between two evaluations. Gives a SensorDefinition; raises DefinitionError.
    """

    def decorate(function: Callable[..., Any]) -> SensorDefinition:
        return attempt(
            SensorDefinition,
            function,
            name,
            lambda: SensorDefinition(
                function,
                pipeline=pipeline,
                job=job,
                pipeline_name=pipeline_name,
                name=name,
                minimum_interval_seconds=minimum_interval_seconds,
                description=description,
            ),
        )

    applied: Callable[[Callable[..., Any]], SensorDefinition] = base.decorated(
        SensorDefinition.type, function, decorate
    )
    return applied


def _checked_interval(name: str, seconds: Any, at: Position) -> float:
    number = isinstance(seconds, (int, float)) and not isinstance(seconds, bool)
    if number and math.isfinite(seconds) and seconds > 0:
        return float(seconds)
    raise invalid(messages.BAD_INTERVAL, name=name, at=at, found=base.words_for(seconds))
