"""The other way to build a graph: a list of solids, and a dict of what feeds them."""

from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from skerry.definitions import messages
from skerry.definitions.base import words_for
from skerry.definitions.graph import Graph, SolidInvocation
from skerry.definitions.messages import invalid
from skerry.definitions.position import Position
from skerry.definitions.solids import AliasedSolid, SolidDefinition
from skerry.definitions.wiring import OutputReference


def build(
    pipeline: str, solids: Sequence[Any], dependencies: Mapping[str, Mapping[str, Any]], at: Position
) -> Tuple[SolidInvocation, ...]:
    """Build a graph from ``dependencies``, such as ``{"b": {"x": "a.result"}}``. Raises DefinitionError at ``at``."""
    graph = Graph(pipeline)
    definitions = _named(graph, solids, at)
    if not isinstance(dependencies, Mapping):
        raise invalid(messages.DEPENDENCIES_NOT_MAPPING, name=pipeline, at=at, found=words_for(dependencies))
    for name in dependencies:
        if name not in definitions:
            known = ", ".join(definitions) or "none"
            raise invalid(messages.UNKNOWN_SOLID, name=pipeline, at=at, solid=name, solids=known)
    outputs = [
        OutputReference(name, output.name) for name, definition in definitions.items() for output in definition.outputs
    ]
    references = {str(output): output for output in outputs}
    for name, definition in definitions.items():
        graph.add(_invocation(pipeline, name, definition, dependencies.get(name, {}), references, at), at)
    cycle = find_cycle(graph.solids)
    if cycle:
        raise invalid(messages.CYCLE, name=pipeline, at=at, cycle=" -> ".join(cycle))
    return tuple(graph.solids.values())


def find_cycle(solids: Mapping[str, SolidInvocation]) -> Optional[List[str]]:
    """Give the names along one circle of solids that feed each other, the first one again at the end; or None."""
    waiting = {
        name: {source.solid for sources in each.inputs.values() for source in sources} for name, each in solids.items()
    }
    # Take away what waits for nothing, again and again. What stays is in a circle or behind one.
    ready = [name for name, sources in waiting.items() if not sources]
    fed: Dict[str, List[str]] = {}
    for name, sources in waiting.items():
        for source in sources:
            fed.setdefault(source, []).append(name)
    while ready:
        done = ready.pop()
        del waiting[done]
        for name in fed.get(done, ()):
            waiting[name].discard(done)
            if not waiting[name]:
                ready.append(name)
    if not waiting:
        return None
    # Everything left is fed by something left: going upstream must come back to where it has been.
    path = [next(iter(waiting))]
    while path.count(path[-1]) == 1:
        path.append(min(waiting[path[-1]]))
    return path[path.index(path[-1]) :][::-1]


def _named(graph: Graph, solids: Any, at: Position) -> Dict[str, SolidDefinition]:
    definitions: Dict[str, SolidDefinition] = {}
    for item in solids if isinstance(solids, (list, tuple)) else [solids]:
        if not isinstance(item, (SolidDefinition, AliasedSolid)) or not isinstance(solids, (list, tuple)):
            raise invalid(messages.NOT_A_SOLID, name=graph.pipeline, at=at, found=words_for(item))
        if item.name in definitions:
            raise invalid(messages.NAME_TAKEN, name=graph.pipeline, at=at, solid=item.name)
        definition = item if isinstance(item, SolidDefinition) else item.definition
        graph.check_usable(definition, at)
        definitions[item.name] = definition
    return definitions


def _invocation(
    pipeline: str,
    name: str,
    definition: SolidDefinition,
    given: Any,
    references: Mapping[str, OutputReference],
    at: Position,
) -> SolidInvocation:
    if not isinstance(given, Mapping):
        raise invalid(messages.DEPENDENCIES_NOT_MAPPING, name=pipeline, at=at, found=words_for(given))
    inputs: Dict[str, Tuple[OutputReference, ...]] = {}
    for key, value in given.items():
        sources = value if isinstance(value, (list, tuple)) else [value]
        for source in sources:
            if not isinstance(source, str):
                raise invalid(messages.DEPENDENCIES_NOT_MAPPING, name=pipeline, at=at, found=words_for(source))
            if source not in references:
                known = ", ".join(references)
                raise invalid(
                    messages.UNKNOWN_OUTPUT, name=pipeline, at=at, solid=name, input=key, source=source, outputs=known
                )
        inputs[key] = tuple(references[source] for source in sources)
    fan_in = frozenset(key for key, value in given.items() if isinstance(value, (list, tuple)))
    return SolidInvocation(name, definition, inputs, fan_in)
