"""What schedules and sensors have in common: a function that says when, and the pipeline that it starts."""

from typing import Any, Callable, Dict, Optional, Union

from skerry.definitions import base, messages
from skerry.definitions.messages import invalid
from skerry.definitions.pipelines import PipelineDefinition
from skerry.definitions.position import Position


class TriggerDefinition(base.Definition):
    """A schedule or a sensor. ``pipeline``: what it starts, or the name of that in its repository."""

    function: Callable[..., Any]
    pipeline: Union[PipelineDefinition, str] = ""

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """Call the function, as in a test: with a context that was made by hand, if it takes one."""
        return self.function(*arguments, **named)

    @property
    def pipeline_name(self) -> str:
        """The name of the pipeline that it starts."""
        return self.pipeline if isinstance(self.pipeline, str) else self.pipeline.name


def chosen_pipeline(
    trigger_type: str, name: str, options: Dict[str, Any], at: Position
) -> Union[PipelineDefinition, str]:
    """Give the one pipeline among ``options``, the decorator's arguments that mean it. Raises DefinitionError."""
    given = {option: value for option, value in options.items() if value is not None}
    if not given:
        raise invalid(messages.NO_PIPELINE, name=name, at=at, type=trigger_type)
    if len(given) > 1:
        listed = " and ".join(f"`{option}`" for option in given)
        raise invalid(
            messages.PIPELINE_TWICE, name=name, at=at, type=trigger_type, options=listed, keep=next(iter(given))
        )
    found: Optional[Any] = next(iter(given.values()))
    if isinstance(found, str):
        return base.checked_name("pipeline", found, at)
    if isinstance(found, PipelineDefinition):
        return found
    raise invalid(messages.NOT_A_PIPELINE, name=name, at=at, type=trigger_type, found=base.words_for(found))
