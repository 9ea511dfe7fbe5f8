"""What a reload has changed in the definitions."""

import dataclasses
from dataclasses import dataclass
from typing import Any, Dict, Iterable, Tuple

from skerry.model.records import Record
from skerry.model.snapshot import RepositorySnapshot


@dataclass(frozen=True)
class DefinitionName(Record):
    """Names a definition. ``type``: repository, pipeline, schedule or sensor."""

    type: str
    repository: str
    name: str

    def __str__(self) -> str:
        where = f" in {self.repository}" if self.type != "repository" else ""
        return f"{self.type} {self.name}{where}"


@dataclass(frozen=True)
class DefinitionChanges(Record):
    """The difference between two loads of a location: what there was not before, is not any more, is another.

    A definition is another when something that a snapshot tells of it is: another graph, config schema, cron schedule.
    Its place in the file does not count, and what its functions do is not known.
    """

    added: Tuple[DefinitionName, ...] = ()
    removed: Tuple[DefinitionName, ...] = ()
    changed: Tuple[DefinitionName, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed)

    @classmethod
    def between(cls, old: Iterable[RepositorySnapshot], new: Iterable[RepositorySnapshot]) -> "DefinitionChanges":
        """Compare what two generations define; each list in the order of the code."""
        before, after = _definitions(old), _definitions(new)
        return cls(
            added=tuple(name for name in after if name not in before),
            removed=tuple(name for name in before if name not in after),
            changed=tuple(name for name in after if name in before and before[name] != after[name]),
        )


def _definitions(repositories: Iterable[RepositorySnapshot]) -> Dict[DefinitionName, Any]:
    definitions: Dict[DefinitionName, Any] = {}
    for repository in repositories:
        definitions[DefinitionName("repository", repository.name, repository.name)] = repository.description
        for pipeline in repository.pipelines:
            placeless = dataclasses.replace(pipeline, file=None, line=None)
            definitions[DefinitionName("pipeline", repository.name, pipeline.name)] = placeless
        for schedule in repository.schedules:
            definitions[DefinitionName("schedule", repository.name, schedule.name)] = schedule
        for sensor in repository.sensors:
            definitions[DefinitionName("sensor", repository.name, sensor.name)] = sensor
    return definitions
