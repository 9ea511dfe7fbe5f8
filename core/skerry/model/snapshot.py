"""What a code server tells of its repositories. The shapes are the ``--json`` contract (docs/cli.md)."""

from dataclasses import dataclass, field
from typing import Any, Mapping, Optional, Tuple

from skerry.model.errors import DefinitionFailure
from skerry.model.records import Record, json_name


@dataclass(frozen=True)
class InputSnapshot(Record):
    """One input of a solid in a pipeline. ``from_``: ``"solid.output"`` of each output that feeds it, in order."""

    name: str
    from_: Tuple[str, ...] = json_name("from")


@dataclass(frozen=True)
class SolidSnapshot(Record):
    """One use of a solid in a pipeline: ``name`` is its name there, ``definition`` the solid's own."""

    name: str
    definition: str
    inputs: Tuple[InputSnapshot, ...] = ()
    outputs: Tuple[str, ...] = ()


@dataclass(frozen=True)
class PipelineSnapshot(Record):
    """A pipeline and its dependency graph. ``config_schema``: JSON Schema of its run config, or None."""

    name: str
    description: Optional[str] = None
    tags: Mapping[str, str] = field(default_factory=dict)
    file: Optional[str] = None
    line: Optional[int] = None
    config_schema: Optional[Mapping[str, Any]] = None
    solids: Tuple[SolidSnapshot, ...] = ()


@dataclass(frozen=True)
class ScheduleSnapshot(Record):
    """A schedule. ``timezone``: an IANA name, or None for UTC."""

    name: str
    cron_schedule: str
    timezone: Optional[str]
    pipeline: str


@dataclass(frozen=True)
class SensorSnapshot(Record):
    """A sensor."""

    name: str
    pipeline: str


@dataclass(frozen=True)
class RepositorySnapshot(Record):
    """A repository. ``errors``: the definitions that had to be left out, each with its reason."""

    name: str
    description: Optional[str] = None
    errors: Tuple[DefinitionFailure, ...] = ()
    pipelines: Tuple[PipelineSnapshot, ...] = ()
    schedules: Tuple[ScheduleSnapshot, ...] = ()
    sensors: Tuple[SensorSnapshot, ...] = ()
