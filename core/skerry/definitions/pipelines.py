"""Pipelines: graphs of solids."""

from typing import (
    TYPE_CHECKING,
    Any,
    Callable,
    ClassVar,
    Collection,
    Dict,
    Mapping,
    Optional,
    Sequence,
    Tuple,
    Union,
    overload,
)

from skerry.definitions import base, config_schema, dependencies, graph, messages, position, resources, signature
from skerry.definitions import hooks as hook_definitions
from skerry.definitions.collecting import attempt
from skerry.definitions.graph import SolidInvocation
from skerry.definitions.hooks import HookDefinition
from skerry.definitions.messages import invalid
from skerry.definitions.position import Position
from skerry.definitions.solids import AliasedSolid, SolidDefinition

if TYPE_CHECKING:
    from skerry.execution import InProcessResult


class PipelineDefinition(base.Definition):
    """A pipeline, made by ``@pipeline``, or from a list of solids and a dict of what feeds their inputs.

    ``solids``: their uses, in the order in which they were called or listed. ``resource_defs``: what solids and hooks
    may require, by name: resources, or the values that stand for them. ``hooks``: called for each solid.
    """

    type: ClassVar[str] = "pipeline"
    tags: Mapping[str, str] = {}
    solids: Tuple[SolidInvocation, ...] = ()
    resource_defs: Mapping[str, Any] = {}
    hooks: Tuple[HookDefinition, ...] = ()

    def __init__(
        self,
        *,
        name: str,
        solids: Sequence[Union[SolidDefinition, AliasedSolid]] = (),
        dependencies: Optional[Mapping[str, Mapping[str, Union[str, Sequence[str]]]]] = None,
        description: Optional[str] = None,
        tags: Optional[Mapping[str, str]] = None,
        resource_defs: Optional[Mapping[str, Any]] = None,
        hooks: Optional[Collection[HookDefinition]] = None,
    ) -> None:
        """Connect ``solids`` as ``dependencies`` says: ``{"b": {"x": "a.result"}}``. Raises DefinitionError."""
        at = position.of_caller()
        self._describe(name, description, tags, at)
        self._fill(solids=_connected(name, solids, {} if dependencies is None else dependencies, at))
        self._equip(resource_defs, hooks, at)

    @classmethod
    def from_function(
        cls,
        function: Callable[[], Any],
        *,
        name: Optional[str] = None,
        description: Optional[str] = None,
        tags: Optional[Mapping[str, str]] = None,
        resource_defs: Optional[Mapping[str, Any]] = None,
        hooks: Optional[Collection[HookDefinition]] = None,
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
        definition._equip(resource_defs, hooks, at)
        return definition

    @property
    def config_schema(self) -> Optional[Dict[str, Any]]:
        """The JSON Schema of the run config, put together from the solids' and the resources'; None if none has one."""
        return config_schema.of_pipeline(self.solids, self.resource_defs)

    def execute_in_process(
        self,
        run_config: Optional[Mapping[str, Any]] = None,
        *,
        resources: Optional[Mapping[str, Any]] = None,
        tags: Optional[Mapping[str, str]] = None,
        run_id: Optional[str] = None,
        raise_on_error: bool = True,
    ) -> "InProcessResult":
        """Run it here and now, one solid after the other, as in a test; gives what came of it.

        ``run_config``: as for any run; it is validated where jsonschema is installed. ``resources``: values that stand
        for resources, which are then not set up. ``raise_on_error``: raise what the first solid has failed with.
        Raises RunError where the run cannot begin.
        """
        # The room below: who does not run anything does not pay for it.
        from skerry.execution.in_process import execute

        return execute(self, run_config, resources, tags, run_id, raise_on_error=raise_on_error)

    def _equip(self, resource_defs: Any, hooks: Any, at: Position) -> None:
        checked_hooks = hook_definitions.checked(self.name, hooks, at)
        needed = {f"the solid {each.definition.name!r}": each.definition.required_resource_keys for each in self.solids}
        needed.update({f"the hook {hook.name!r}": hook.required_resource_keys for hook in checked_hooks})
        self._fill(hooks=checked_hooks)
        self._fill(resource_defs=resources.checked(self.name, resource_defs, needed, at))

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
    *,
    name: Optional[str] = None,
    description: Optional[str] = None,
    tags: Optional[Mapping[str, str]] = None,
    resource_defs: Optional[Mapping[str, Any]] = None,
    hooks: Optional[Collection[HookDefinition]] = None,
) -> Callable[[Callable[[], Any]], PipelineDefinition]: ...


def pipeline(
    function: Optional[Callable[[], Any]] = None,
    *,
    name: Optional[str] = None,
    description: Optional[str] = None,
    tags: Optional[Mapping[str, str]] = None,
    resource_defs: Optional[Mapping[str, Any]] = None,
    hooks: Optional[Collection[HookDefinition]] = None,
) -> Any:
    """Make a function a pipeline; used as ``@pipeline`` or ``@pipeline(name=..., ...)``.

    The function is called once, now: the solids that it calls are the pipeline's, connected by the outputs that it
    hands from one to the next. ``description``: the docstring by default. ``resource_defs``: what its solids require,
    by name: resources, or the values that stand for them. ``hooks``: called for each of its solids. Raises
    DefinitionError.
    """

    def decorate(function: Callable[[], Any]) -> PipelineDefinition:
        return attempt(
            PipelineDefinition,
            function,
            name,
            lambda: PipelineDefinition.from_function(
                function, name=name, description=description, tags=tags, resource_defs=resource_defs, hooks=hooks
            ),
        )

    return base.decorated(PipelineDefinition.type, function, decorate)
