"""Which solids of a pipeline are to run, and what each waits for."""

from typing import Any, Collection, Dict, FrozenSet, Mapping, NamedTuple, Optional

from skerry.definitions import PipelineDefinition, SolidInvocation
from skerry.errors import ErrorKind, RunError
from skerry.execution.config import Configuration


class Plan(NamedTuple):
    """A pipeline, as one run executes it.

    ``solids``: those to run, by name, in the pipeline's order. ``done``: those that a run before has done, each with
    the outputs that it gave; their values are there already. ``configuration``: the run config, taken apart.
    """

    pipeline: PipelineDefinition
    solids: Mapping[str, SolidInvocation]
    done: Mapping[str, FrozenSet[str]]
    configuration: Configuration

    @classmethod
    def of(
        cls,
        pipeline: PipelineDefinition,
        run_config: Optional[Mapping[str, Any]] = None,
        *,
        only: Optional[Collection[str]] = None,
        done: Optional[Mapping[str, Collection[str]]] = None,
    ) -> "Plan":
        """Make the plan of a run. ``only``: the names of the solids to run; None for all that are not ``done``.

        Raises RunError for a name that the pipeline lacks, and for an input from a solid that is neither to run nor
        done.
        """
        every: Dict[str, SolidInvocation] = {each.name: each for each in pipeline.solids}
        finished = {name: frozenset(outputs) for name, outputs in (done or {}).items() if name in every}
        wanted = list(every) if only is None else list(only)
        for name in wanted:
            if name not in every:
                known = ", ".join(every) or "none"
                raise RunError(ErrorKind.SOLID_NOT_FOUND, pipeline=pipeline.name, solid=name, known=known)
        chosen = {name: each for name, each in every.items() if name in wanted and name not in finished}
        for each in chosen.values():
            _check_inputs(each, chosen, finished)
        return cls(pipeline, chosen, finished, Configuration(pipeline, run_config or {}))


def _check_inputs(
    invocation: SolidInvocation, chosen: Mapping[str, SolidInvocation], done: Mapping[str, FrozenSet[str]]
) -> None:
    for name, sources in invocation.inputs.items():
        for source in sources:
            if source.solid not in chosen and source.solid not in done:
                raise RunError(
                    ErrorKind.INPUT_NOT_AVAILABLE,
                    solid=invocation.name,
                    input=name,
                    source=str(source),
                    source_solid=source.solid,
                )
