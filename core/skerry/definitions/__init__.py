"""What user code imports: decorators that make functions into definitions, and the classes of those definitions.

A definition is recorded, checked and left alone: nothing of a pipeline runs here. ``op`` and ``job`` are the newer
names of ``solid`` and ``pipeline``, and the same objects. Standard library only; CPython 3.8 and newer.
"""

from skerry.definitions.base import Definition
from skerry.definitions.collecting import Failure, collect_failures
from skerry.definitions.graph import SolidInvocation
from skerry.definitions.hooks import HookDefinition, failure_hook, success_hook
from skerry.definitions.outputs import Output
from skerry.definitions.pipelines import PipelineDefinition, pipeline
from skerry.definitions.repositories import RepositoryDefinition, repository
from skerry.definitions.repository_contents import RepositoryContents
from skerry.definitions.requests import RunRequest, SensorResult, SkipReason
from skerry.definitions.resources import ResourceDefinition, resource
from skerry.definitions.retries import Backoff, RetryPolicy, RetryRequested
from skerry.definitions.schedules import ScheduleDefinition, schedule
from skerry.definitions.sensors import SensorDefinition, sensor
from skerry.definitions.solids import InputDefinition, OutputDefinition, SolidDefinition, solid
from skerry.definitions.wiring import OutputReference

op = solid
job = pipeline

__all__ = [
    "Backoff",
    "Definition",
    "Failure",
    "HookDefinition",
    "InputDefinition",
    "Output",
    "OutputDefinition",
    "OutputReference",
    "PipelineDefinition",
    "RepositoryContents",
    "RepositoryDefinition",
    "ResourceDefinition",
    "RetryPolicy",
    "RetryRequested",
    "RunRequest",
    "ScheduleDefinition",
    "SensorDefinition",
    "SensorResult",
    "SkipReason",
    "SolidDefinition",
    "SolidInvocation",
    "collect_failures",
    "failure_hook",
    "job",
    "op",
    "pipeline",
    "repository",
    "resource",
    "schedule",
    "sensor",
    "solid",
    "success_hook",
]
