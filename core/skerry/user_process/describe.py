"""Repositories as data: definitions become the records that the host, the console and the web page show."""

from typing import Callable

from skerry.definitions import (
    Failure,
    PipelineDefinition,
    RepositoryDefinition,
    ScheduleDefinition,
    SensorDefinition,
    SolidInvocation,
)
from skerry.model import (
    DefinitionFailure,
    ErrorInfo,
    InputSnapshot,
    PipelineSnapshot,
    RepositorySnapshot,
    ScheduleSnapshot,
    SensorSnapshot,
    SolidSnapshot,
)


def describe(repository: RepositoryDefinition, error_info: Callable[[BaseException], ErrorInfo]) -> RepositorySnapshot:
    """Give the snapshot of a repository. Called by the loader, for each repository that discovery gave.

    ``error_info`` makes a value of the exception behind a definition that failed.
    """
    contents = repository.definitions()
    return RepositorySnapshot(
        name=repository.name,
        description=repository.description,
        errors=tuple(_failure(failure, error_info) for failure in contents.failures),
        pipelines=tuple(_pipeline(pipeline) for pipeline in contents.pipelines),
        schedules=tuple(_schedule(schedule) for schedule in contents.schedules),
        sensors=tuple(_sensor(sensor) for sensor in contents.sensors),
    )


def _failure(failure: Failure, error_info: Callable[[BaseException], ErrorInfo]) -> DefinitionFailure:
    return DefinitionFailure(failure.name, failure.type, failure.file, failure.line, error_info(failure.error))


def _pipeline(pipeline: PipelineDefinition) -> PipelineSnapshot:
    return PipelineSnapshot(
        name=pipeline.name,
        description=pipeline.description,
        tags=pipeline.tags,
        file=pipeline.file,
        line=pipeline.line,
        config_schema=pipeline.config_schema,
        solids=tuple(_solid(invocation) for invocation in pipeline.solids),
    )


def _solid(invocation: SolidInvocation) -> SolidSnapshot:
    """Describe one use of a solid: all its inputs, also those that nothing feeds."""
    definition = invocation.definition
    return SolidSnapshot(
        name=invocation.name,
        definition=definition.name,
        inputs=tuple(
            InputSnapshot(each.name, tuple(str(source) for source in invocation.inputs.get(each.name, ())))
            for each in definition.inputs
        ),
        outputs=tuple(output.name for output in definition.outputs),
    )


def _schedule(schedule: ScheduleDefinition) -> ScheduleSnapshot:
    return ScheduleSnapshot(schedule.name, schedule.cron_schedule, schedule.timezone, schedule.pipeline_name)


def _sensor(sensor: SensorDefinition) -> SensorSnapshot:
    return SensorSnapshot(sensor.name, sensor.pipeline_name)
