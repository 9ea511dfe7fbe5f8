"""Resources: what solids use and do not make themselves, such as a connection; set up for a run, then torn down."""

from typing import Any, Callable, ClassVar, Dict, FrozenSet, Iterable, Mapping, Optional, overload

from skerry.definitions import base, messages, position, signature
from skerry.definitions.collecting import attempt
from skerry.definitions.messages import invalid
from skerry.definitions.position import Position


class ResourceDefinition(base.Definition):
    """A resource, made by ``@resource``.

    ``function``: given an ``InitResourceContext`` if it takes an argument. It returns the resource; or yields it, and
    what stands after the ``yield`` tears it down.
    """

    type: ClassVar[str] = "resource"
    function: Callable[..., Any]
    config_schema: Optional[Mapping[str, Any]] = None
    required_resource_keys: FrozenSet[str] = frozenset()

    def __init__(
        self,
        function: Callable[..., Any],
        *,
        name: Optional[str] = None,
        description: Optional[str] = None,
        config_schema: Optional[Mapping[str, Any]] = None,
        required_resource_keys: Iterable[str] = (),
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
            config_schema=base.checked_schema(self.type, name, config_schema, at),
            required_resource_keys=base.checked_resources(self.type, name, required_resource_keys, at),
        )

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """Call the function, as in a test: with a context that was made by hand, if it takes one."""
        return self.function(*arguments, **named)


@overload
def resource(function: Callable[..., Any]) -> ResourceDefinition: ...


@overload
def resource(
    *,
    name: Optional[str] = None,
    description: Optional[str] = None,
    config_schema: Optional[Mapping[str, Any]] = None,
    required_resource_keys: Iterable[str] = (),
) -> Callable[[Callable[..., Any]], ResourceDefinition]: ...


def resource(
    function: Optional[Callable[..., Any]] = None,
    *,
    name: Optional[str] = None,
    description: Optional[str] = None,
    config_schema: Optional[Mapping[str, Any]] = None,
    required_resource_keys: Iterable[str] = (),
) -> Any:
    """Make a function a resource; used as ``@resource`` or ``@resource(config_schema=..., ...)``.

    ``config_schema``: a JSON Schema of what it reads from the run config. ``required_resource_keys``: names of other
    resources that it uses. Raises DefinitionError.
    """

    def decorate(function: Callable[..., Any]) -> ResourceDefinition:
        return attempt(
            ResourceDefinition,
            function,
            name,
            lambda: ResourceDefinition(
                function,
                name=name,
                description=description,
                config_schema=config_schema,
                required_resource_keys=required_resource_keys,
            ),
        )

    return base.decorated(ResourceDefinition.type, function, decorate)


def checked(pipeline: str, resources: Any, needed: Mapping[str, FrozenSet[str]], at: Position) -> Dict[str, Any]:
    """Give a copy of a pipeline's resources by name. ``needed``: the names, by the words for who needs them.

    Raises DefinitionError where one is missing, could not be defined, or needs itself.
    """
    if resources is None:
        resources = {}
    if not isinstance(resources, Mapping) or not all(isinstance(name, str) for name in resources):
        raise invalid(messages.RESOURCES_NOT_DICT, name=pipeline, at=at, found=base.words_for(resources))
    definitions = {name: one for name, one in resources.items() if isinstance(one, ResourceDefinition)}
    for name, one in definitions.items():
        if one.failure:
            raise invalid(messages.BROKEN_RESOURCE, name=pipeline, at=at, resource=name) from one.failure
    known = ", ".join(resources) or "none"
    wanted = {**needed, **{f"the resource {name!r}": one.required_resource_keys for name, one in definitions.items()}}
    for who, names in wanted.items():
        for name in sorted(names):
            if name not in resources:
                raise invalid(messages.RESOURCE_LACKING, name=pipeline, at=at, who=who, resource=name, known=known)
    ordered(pipeline, definitions, definitions, at)
    return dict(resources)


def ordered(
    pipeline: str, definitions: Mapping[str, ResourceDefinition], wanted: Iterable[str], at: Position
) -> "list[str]":
    """Give the names of the ``wanted`` resources and of those that they need, each after those that it needs.

    Raises DefinitionError where one needs itself.
    """
    order: list[str] = []

    def visit(name: str, above: "tuple[str, ...]") -> None:
        if name in above:
            circle = " -> ".join([*above[above.index(name) :], name])
            raise invalid(messages.RESOURCE_CYCLE, name=pipeline, at=at, cycle=circle)
        if name not in order:
            if name in definitions:
                for needed in sorted(definitions[name].required_resource_keys):
                    visit(needed, (*above, name))
            order.append(name)

    for name in wanted:
        visit(name, ())
    return order
