"""Solids: functions with named inputs and outputs, the nodes of a pipeline's graph."""

from types import FunctionType
from typing import (
    Any,
    Callable,
    ClassVar,
    Dict,
    FrozenSet,
    Iterable,
    List,
    Mapping,
    NamedTuple,
    Optional,
    Sequence,
    Tuple,
    Union,
    overload,
)

from skerry.definitions import base, graph, messages, position, signature
from skerry.definitions.collecting import attempt
from skerry.definitions.messages import invalid
from skerry.definitions.position import Position
from skerry.definitions.retries import RetryPolicy

#: A first parameter of one of these names is given the context, and is no input.
CONTEXT_NAMES = ("context", "_context", "_")


class InputDefinition(NamedTuple):
    """An input of a solid. ``is_required``: nothing stands in for it; always read from the function's signature."""

    name: str
    description: Optional[str] = None
    is_required: bool = True


class OutputDefinition(NamedTuple):
    """An output of a solid. ``is_required``: each execution must produce it."""

    name: str = "result"
    description: Optional[str] = None
    is_required: bool = True


class SolidDefinition(base.Definition):
    """A solid, made by ``@solid``.

    Called in the body of a pipeline it joins the pipeline's graph and gives its outputs; called anywhere else it is
    the plain ``function``. ``inputs`` are in the order of the function's parameters; ``takes_context`` says whether
    another parameter, the context, stands before them.
    """

    type: ClassVar[str] = "solid"
    function: Callable[..., Any]
    tags: Mapping[str, str] = {}
    config_schema: Optional[Mapping[str, Any]] = None
    inputs: Tuple[InputDefinition, ...] = ()
    outputs: Tuple[OutputDefinition, ...] = ()
    required_resource_keys: FrozenSet[str] = frozenset()
    takes_context: bool = False
    retry_policy: Optional[RetryPolicy] = None

    def __init__(
        self,
        function: Callable[..., Any],
        *,
        name: Optional[str] = None,
        description: Optional[str] = None,
        tags: Optional[Mapping[str, str]] = None,
        config_schema: Optional[Mapping[str, Any]] = None,
        inputs: Sequence[InputDefinition] = (),
        outputs: Optional[Sequence[Union[str, OutputDefinition]]] = None,
        required_resource_keys: Iterable[str] = (),
        retry_policy: Optional[RetryPolicy] = None,
    ) -> None:
        """Read the function's signature. Raises DefinitionError."""
        found = base.user_function(self.type, function)
        at = position.of_function(found)
        name = base.checked_name(self.type, function.__name__ if name is None else name, at)
        parameters = _named_parameters(name, found, at)
        takes_context = bool(parameters) and parameters[0].name in CONTEXT_NAMES
        self._fill(
            name=name,
            description=base.checked_description(self.type, name, description, at) or signature.description(found),
            file=at.file,
            line=at.line,
            function=function,
            tags=base.checked_tags(self.type, name, tags, at),
            config_schema=base.checked_schema(self.type, name, config_schema, at),
            inputs=_described_inputs(name, parameters[1:] if takes_context else parameters, inputs, at),
            outputs=_checked_outputs(name, outputs, at),
            required_resource_keys=base.checked_resources(self.type, name, required_resource_keys, at),
            retry_policy=_checked_policy(name, retry_policy, at),
            takes_context=takes_context,
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Join the pipeline that is being built and give handles to the outputs, or call the plain function."""
        building = graph.current()
        return building.call(self, None, args, kwargs) if building else self.function(*args, **kwargs)

    def alias(self, name: str) -> "AliasedSolid":
        """Give this solid under another name, to call in the body of a pipeline. Raises DefinitionError."""
        return AliasedSolid(self, base.checked_name("alias", name, position.of_caller()))


class AliasedSolid:
    """A solid under the name that it has in one pipeline."""

    def __init__(self, definition: SolidDefinition, name: str) -> None:
        self.definition = definition
        self.name = name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Do what calling the solid does, under this name."""
        building = graph.current()
        return building.call(self.definition, self.name, args, kwargs) if building else self.definition(*args, **kwargs)


@overload
def solid(function: Callable[..., Any]) -> SolidDefinition: ...


@overload
def solid(
    *,
    name: Optional[str] = None,
    description: Optional[str] = None,
    tags: Optional[Mapping[str, str]] = None,
    config_schema: Optional[Mapping[str, Any]] = None,
    inputs: Sequence[InputDefinition] = (),
    outputs: Optional[Sequence[Union[str, OutputDefinition]]] = None,
    required_resource_keys: Iterable[str] = (),
    retry_policy: Optional[RetryPolicy] = None,
) -> Callable[[Callable[..., Any]], SolidDefinition]: ...


def solid(
    function: Optional[Callable[..., Any]] = None,
    *,
    name: Optional[str] = None,
    description: Optional[str] = None,
    tags: Optional[Mapping[str, str]] = None,
    config_schema: Optional[Mapping[str, Any]] = None,
    inputs: Sequence[InputDefinition] = (),
    outputs: Optional[Sequence[Union[str, OutputDefinition]]] = None,
    required_resource_keys: Iterable[str] = (),
    retry_policy: Optional[RetryPolicy] = None,
) -> Any:
    """Make a function a solid; used as ``@solid`` or ``@solid(name=..., ...)``.

    ``description``: the docstring by default. ``config_schema``: a JSON Schema of what the solid reads from the run
    config. ``inputs``: descriptions for the function's parameters. ``outputs``: names, or OutputDefinitions; one
    called ``result`` by default. ``required_resource_keys``: names of the resources that it uses. ``retry_policy``:
    whether and when it is run again where it raises an exception. Raises DefinitionError.
    """

    def decorate(function: Callable[..., Any]) -> SolidDefinition:
        return attempt(
            SolidDefinition,
            function,
            name,
            lambda: SolidDefinition(
                function,
                name=name,
                description=description,
                tags=tags,
                config_schema=config_schema,
                inputs=inputs,
                outputs=outputs,
                required_resource_keys=required_resource_keys,
                retry_policy=retry_policy,
            ),
        )

    return base.decorated(SolidDefinition.type, function, decorate)


def _named_parameters(name: str, function: FunctionType, at: Position) -> Tuple[signature.Parameter, ...]:
    parameter = signature.variadic(function)
    if parameter:
        raise invalid(messages.VARIADIC, name=name, at=at, parameter=parameter)
    return signature.parameters(function)


def _described_inputs(
    name: str, parameters: Sequence[signature.Parameter], described: Any, at: Position
) -> Tuple[InputDefinition, ...]:
    descriptions: Dict[str, Optional[str]] = {}
    for item in described if isinstance(described, (list, tuple)) else [described]:
        if not isinstance(item, InputDefinition):
            raise invalid(messages.INPUTS_NOT_LIST, name=name, at=at, found=base.words_for(item))
        if item.name in descriptions:
            raise invalid(messages.INPUT_TWICE, name=name, at=at, input=item.name)
        descriptions[item.name] = item.description
    for unknown in descriptions.keys() - {parameter.name for parameter in parameters}:
        known = ", ".join(parameter.name for parameter in parameters) or "none"
        raise invalid(messages.INPUT_NOT_PARAMETER, name=name, at=at, input=unknown, inputs=known)
    return tuple(
        InputDefinition(parameter.name, descriptions.get(parameter.name), not parameter.has_default)
        for parameter in parameters
    )


def _checked_outputs(name: str, outputs: Any, at: Position) -> Tuple[OutputDefinition, ...]:
    if outputs is None:
        return (OutputDefinition(),)
    # An OutputDefinition is a tuple itself: alone it must not pass for the list.
    alone = isinstance(outputs, OutputDefinition) or not isinstance(outputs, (list, tuple))
    checked: List[OutputDefinition] = []
    for item in [outputs] if alone else outputs:
        if alone or not isinstance(item, (str, OutputDefinition)):
            raise invalid(messages.OUTPUTS_NOT_LIST, name=name, at=at, found=base.words_for(item))
        output = OutputDefinition(item) if isinstance(item, str) else item
        base.checked_name("output", output.name, at)
        if any(output.name == other.name for other in checked):
            raise invalid(messages.OUTPUT_TWICE, name=name, at=at, output=output.name)
        checked.append(output)
    if not checked:
        raise invalid(messages.NO_OUTPUTS, name=name, at=at)
    return tuple(checked)


def _checked_policy(name: str, policy: Any, at: Position) -> Optional[RetryPolicy]:
    if policy is None or isinstance(policy, RetryPolicy):
        return policy
    raise invalid(messages.NOT_A_POLICY, name=name, at=at, found=base.words_for(policy))
