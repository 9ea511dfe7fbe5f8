"""Pipelines: graphs of solids."""

from typing import Any, Callable, ClassVar, Dict, Mapping, Optional, Sequence, Tuple, Union, overload

from skerry.definitions import base, config_schema, dependencies, graph, messages, position, signature
from skerry.definitions.collecting import attempt
from skerry.definitions.graph import SolidInvocation
from skerry.definitions.messages import invalid
from skerry.definitions.position import Position
from skerry.definitions.solids import AliasedSolid, SolidDefinition


class PipelineDefinition(base.Definition):
    """A pipeline, made by ``@pipeline``, or from a list of solids and a dict of what feeds their inputs.

    ``solids``: their uses, in the order in which they were called or listed.
    """

    type: ClassVar[str] = "pipeline"
    tags: Mapping[str, str] = {}
    solids: Tuple[SolidInvocation, ...] = ()

    def __init__(
        self,
        *,
        name: str,
        solids: Sequence[Union[SolidDefinition, AliasedSolid]] = (),
        dependencies: Optional[Mapping[str, Mapping[str, Union[str, Sequence[str]]]]] = None,
        description: Optional[str] = None,
        tags: Optional[Mapping[str, str]] = None,
    ) -> None:
        """Connect ``solids`` as ``dependencies`` says: ``{"b": {"x": "a.result"}}``. Raises DefinitionError."""
        at = position.of_caller()
        self._describe(name, description, tags, at)
        self._fill(solids=_connected(name, solids, {} if dependencies is None else dependencies, at))

    @classmethod
    def from_function(
        cls,
        function: Callable[[], Any],
        *,
        name: Optional[str] = None,
        description: Optional[str] = None,
        tags: Optional[Mapping[str, str]] = None,
    ) -> "PipelineDefinition":
        """Run the body of a pipeline, which calls solids. Raises DefinitionError, and whatever the body raises."""
        found = base.user_function(cls.type, function)
        at = position.of_function(found)
        definition = cls.__new__(cls)
        definition._describe(
            function.__name__ if name is None else name, description or signature.description(found), tags, at
        )
        parameters = signature.variadic(found) or ", ".join(signature.required(found))
        if parameters:
            raise invalid(messages.BODY_TAKES_ARGUMENTS, name=definition.name, at=at, parameters=parameters)
        unusual = signature.not_plain(found)
        if unusual:
            raise invalid(messages.BODY_NOT_PLAIN, name=definition.name, at=at, found=unusual)
        with graph.building(definition.name) as built:
            function()
        definition._fill(solids=tuple(built.solids.values()))
        return definition

    @property
    def config_schema(self) -> Optional[Dict[str, Any]]:
        """The JSON Schema of the run config, put together from the solids'; None if no solid takes config."""
        return config_schema.of_solids(self.solids)

    def _describe(self, name: str, description: Optional[str], tags: Optional[Mapping[str, str]], at: Position) -> None:
        self._fill(
            name=base.checked_name(self.type, name, at),
            description=base.checked_description(self.type, name, description, at),
            tags=base.checked_tags(self.type, name, tags, at),
            file=at.file,
            line=at.line,
        )


# The constructor's argument has the module's name.
_connected = dependencies.build


@overload
def pipeline(function: Callable[[], Any]) -> PipelineDefinition: ...


@overload
def pipeline(
    *, name: Optional[str] = None, description: Optional[str] = None, tags: Optional[Mapping[str, str]] = None
) -> Callable[[Callable[[], Any]], PipelineDefinition]: ...


def pipeline(
    function: Optional[Callable[[], Any]] = None,
    *,
    name: Optional[str] = None,
    description: Optional[str] = None,
    tags: Optional[Mapping[str, str]] = None,
) -> Any:
    """Make a function a pipeline; used as ``@pipeline`` or ``@pipeline(name=..., ...)``.

    The function is called once, now: the solids that it calls are the pipeline's, connected by the outputs that it
    hands from one to the next. ``description``: the docstring by default. Raises DefinitionError.
    """

    def decorate(function: Callable[[], Any]) -> PipelineDefinition:
        return attempt(
            PipelineDefinition,
            function,
            name,
            lambda: PipelineDefinition.from_function(function, name=name, description=description, tags=tags),
        )

    return base.decorated(PipelineDefinition.type, function, decorate)
