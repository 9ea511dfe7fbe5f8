"""The dependency graph of a pipeline, while it is being built and when it is done."""

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Dict, FrozenSet, Iterator, Mapping, NamedTuple, Optional, Sequence, Tuple, Union

from skerry.definitions import messages, position
from skerry.definitions.messages import invalid
from skerry.definitions.position import Position
from skerry.definitions.wiring import OutputHandle, OutputHandles, OutputReference, bound, connected

if TYPE_CHECKING:
    from skerry.definitions.solids import SolidDefinition


class SolidInvocation(NamedTuple):
    """One use of a solid in a pipeline.

    ``name``: its name there. ``inputs``: the outputs that feed each input which is connected. ``fan_in``: the
    inputs that were given a list, and take a list of values, be it of one or of none.
    """

    name: str
    definition: "SolidDefinition"
    inputs: Mapping[str, Tuple[OutputReference, ...]]
    fan_in: FrozenSet[str]


class Graph:
    """The uses of solids in one pipeline, in the order in which they were added."""

    def __init__(self, pipeline: str) -> None:
        self.pipeline = pipeline
        self.solids: Dict[str, SolidInvocation] = {}
        self._numbered: Dict[str, SolidDefinition] = {}

    def call(
        self, definition: "SolidDefinition", alias: Optional[str], args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> Union[OutputHandle, OutputHandles]:
        """Add a solid, called in the pipeline's body with handles; give handles to its outputs.

        Raises DefinitionError with the line of the call.
        """
        at = position.of_caller()
        self.check_usable(definition, at)
        name = alias or self._free_name(definition, at)
        values = bound(self.pipeline, name, definition, args, kwargs, at)
        inputs = {key: connected(self, name, key, value, at) for key, value in values.items()}
        fan_in = frozenset(key for key, value in values.items() if isinstance(value, (list, tuple)))
        self.add(SolidInvocation(name, definition, inputs, fan_in), at)
        outputs = {output.name: OutputHandle(self, name, output.name) for output in definition.outputs}
        return next(iter(outputs.values())) if len(outputs) == 1 else OutputHandles(outputs)

    def add(self, invocation: SolidInvocation, at: Position) -> None:
        """Add a use of a solid. Raises DefinitionError if its name is taken or its inputs are not those it has."""
        name, definition = invocation.name, invocation.definition
        if name in self.solids:
            raise invalid(messages.NAME_TAKEN, name=self.pipeline, at=at, solid=name)
        known = [each.name for each in definition.inputs]
        for given in invocation.inputs:
            if given not in known:
                inputs = ", ".join(known) or "none"
                raise invalid(messages.UNKNOWN_INPUT, name=self.pipeline, at=at, solid=name, input=given, inputs=inputs)
        for each in definition.inputs:
            if each.is_required and each.name not in invocation.inputs:
                raise invalid(messages.MISSING_INPUT, name=self.pipeline, at=at, solid=name, input=each.name)
        self.solids[name] = invocation

    def check_usable(self, definition: "SolidDefinition", at: Position) -> None:
        """Raise DefinitionError, with the cause, if the solid could not be defined."""
        if definition.failure:
            raise invalid(
                messages.BROKEN_SOLID, name=self.pipeline, at=at, solid=definition.name
            ) from definition.failure

    def _free_name(self, definition: "SolidDefinition", at: Position) -> str:
        """Number the uses of one solid: ``add``, ``add_2``, ``add_3``."""
        first = self._numbered.setdefault(definition.name, definition)
        if first is not definition:
            raise invalid(
                messages.TWO_SOLIDS_ONE_NAME,
                name=self.pipeline,
                at=at,
                solid=definition.name,
                first=first.position,
                second=definition.position,
            )
        name, number = definition.name, 1
        while name in self.solids:
            number += 1
            name = f"{definition.name}_{number}"
        return name


_current: "ContextVar[Optional[Graph]]" = ContextVar("skerry_graph", default=None)


def current() -> Optional[Graph]:
    """Give the graph of the pipeline whose body is running in this thread, or None."""
    return _current.get()


@contextmanager
def building(pipeline: str) -> Iterator[Graph]:
    """Let the solids that are called within the ``with`` join a new graph."""
    graph = Graph(pipeline)
    token = _current.set(graph)
    try:
        yield graph
    finally:
        _current.reset(token)
