"""What solids are called with in a pipeline's body: handles to the outputs of other solids."""

from typing import TYPE_CHECKING, Any, Dict, Iterator, Mapping, NamedTuple, Sequence, Tuple, cast

from skerry.definitions import messages
from skerry.definitions.base import Definition, words_for
from skerry.definitions.messages import invalid
from skerry.definitions.position import Position

if TYPE_CHECKING:
    from skerry.definitions.graph import Graph
    from skerry.definitions.solids import SolidDefinition


class OutputReference(NamedTuple):
    """An output of a solid in a pipeline, by the solid's name there and its own."""

    solid: str
    output: str

    def __str__(self) -> str:
        return f"{self.solid}.{self.output}"


class OutputHandle:
    """An output that will exist when the pipeline runs; to be given to other solids of the same pipeline."""

    def __init__(self, graph: "Graph", solid: str, output: str) -> None:
        self.graph = graph
        self.reference = OutputReference(solid, output)

    def __repr__(self) -> str:
        return f"<output {self.reference}>"


class OutputHandles:
    """The outputs of a solid that has several: by attribute, by index, or unpacked in their order."""

    def __init__(self, outputs: Mapping[str, OutputHandle]) -> None:
        self._outputs = outputs

    def __getattr__(self, name: str) -> OutputHandle:
        # copy and pickle ask a bare instance, which has no __dict__ entries yet.
        outputs = vars(self).get("_outputs", {})
        if name in outputs:
            return cast(OutputHandle, outputs[name])
        raise AttributeError(f"{self!r} has no output {name!r}; choose one of those it names.")

    def __getitem__(self, index: int) -> OutputHandle:
        return tuple(self._outputs.values())[index]

    def __iter__(self) -> Iterator[OutputHandle]:
        return iter(self._outputs.values())

    def __len__(self) -> int:
        return len(self._outputs)

    def __repr__(self) -> str:
        return f"<outputs {', '.join(str(handle.reference) for handle in self)}>"


def bound(
    pipeline: str,
    solid: str,
    definition: "SolidDefinition",
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    at: Position,
) -> Dict[str, Any]:
    """Give what a call gives, by input name. Raises DefinitionError for too many inputs and one given twice."""
    names = [each.name for each in definition.inputs]
    if len(args) > len(names):
        raise invalid(
            messages.TOO_MANY_INPUTS,
            name=pipeline,
            at=at,
            solid=solid,
            given=len(args),
            count=len(names),
            inputs=", ".join(names) or "none",
        )
    values = dict(zip(names, args))
    for name in kwargs:
        if name in values:
            raise invalid(messages.GIVEN_TWICE, name=pipeline, at=at, solid=solid, input=name)
    return {**values, **kwargs}


def connected(graph: "Graph", solid: str, name: str, value: Any, at: Position) -> Tuple[OutputReference, ...]:
    """Give the outputs that feed one input: of a handle, or of a list of handles. Raises DefinitionError."""
    handles = value if isinstance(value, (list, tuple)) else [value]
    return tuple(_reference(graph, solid, name, handle, at) for handle in handles)


def _reference(graph: "Graph", solid: str, name: str, value: Any, at: Position) -> OutputReference:
    place: Dict[str, Any] = {"name": graph.pipeline, "at": at, "solid": solid, "input": name}
    if isinstance(value, OutputHandles):
        choices = ", ".join(str(handle.reference) for handle in value)
        raise invalid(messages.SEVERAL_OUTPUTS, source=value[0].reference.solid, choices=choices, **place)
    if isinstance(value, Definition):
        raise invalid(messages.SOLID_NOT_CALLED, found=words_for(value), call=value.name, **place)
    if not isinstance(value, OutputHandle):
        raise invalid(messages.NOT_AN_OUTPUT, found=words_for(value), **place)
    if value.graph is not graph:
        raise invalid(messages.OTHER_PIPELINE, source=str(value.reference), other=value.graph.pipeline, **place)
    return value.reference
