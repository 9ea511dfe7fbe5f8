"""What is asked for when a run is launched: found in what its location has, and refused where it cannot be."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from skerry.errors import ErrorKind, RunError
from skerry.model import LocationState, PipelineSnapshot, Run, RunOptions, SolidSnapshot
from skerry.workspace_file.nearest import nearest
from skerry.workspace_file.quick import surely_valid


def check_same(there: Run, run: Run) -> None:
    """Raise RunError where the run of that id that is there is not the one that is asked for."""
    if (there.location, there.options) != (run.location, Run.from_json(run.to_json()).options):
        what = f"{there.location}/{there.options.repository}/{there.options.pipeline}"
        raise RunError(ErrorKind.RUN_ID_TAKEN, run_id=run.id, what=what)


def pipeline_of(state: LocationState, options: RunOptions) -> tuple[PipelineSnapshot, RunOptions]:
    """Find the pipeline, and say in which repository it is, and how it is run. Raises RunError."""
    found = [
        (repository.name, pipeline)
        for repository in state.repositories
        for pipeline in repository.pipelines
        if pipeline.name == options.pipeline and options.repository in ("", repository.name)
    ]
    if not found:
        raise _unknown(state, options)
    if len(found) > 1:
        found.sort(key=lambda one: one[0])
        names = ", ".join(name for name, _ in found)
        example = f"{state.name}/{found[0][0]}/{options.pipeline}"
        raise RunError(
            ErrorKind.PIPELINE_AMBIGUOUS,
            location=state.name,
            pipeline=options.pipeline,
            repositories=names,
            example=example,
        )
    repository, pipeline = found[0]
    return pipeline, replace(options, repository=repository)


def _unknown(state: LocationState, options: RunOptions) -> RunError:
    known = [pipeline.name for repository in state.repositories for pipeline in repository.pipelines]
    near = nearest(options.pipeline, known)
    listed = ", ".join(sorted(set(known))) or "none"
    advice = f"Did you mean {near}?" if near is not None else f"Its pipelines are: {listed}."
    if near == options.pipeline:
        names = ", ".join(one.name for one in state.repositories if any(p.name == near for p in one.pipelines))
        advice = f"It is in the repository {names}, not in {options.repository}."
    return RunError(ErrorKind.PIPELINE_NOT_FOUND, location=state.name, pipeline=options.pipeline, advice=advice)


def check(pipeline: PipelineSnapshot, options: RunOptions) -> None:
    """Raise RunError for a run config that does not fit, and for solids that are not there or would lack an input."""
    if not surely_valid(pipeline.config_schema, options.run_config):
        from skerry.execution.config import validate  # with what it stands on, it takes its time

        validate(pipeline.name, pipeline.config_schema, options.run_config)
    known = {solid.name: solid for solid in pipeline.solids}
    for name in options.solids:
        if name not in known:
            listed = ", ".join(known) or "none"
            raise RunError(ErrorKind.SOLID_NOT_FOUND, pipeline=pipeline.name, solid=name, known=listed)
        if options.parent_id is None:  # else the run finds out what it can take over
            _check_inputs(known[name], options.solids)


def _check_inputs(solid: SolidSnapshot, chosen: Collection[str]) -> None:
    """Raise RunError for an input that comes from a solid which is not to run."""
    for each in solid.inputs:
        for source in each.from_:
            source_solid = source.rpartition(".")[0]
            if source_solid not in chosen:
                raise RunError(
                    ErrorKind.INPUT_NOT_AVAILABLE,
                    solid=solid.name,
                    input=each.name,
                    source=source,
                    source_solid=source_solid,
                )
