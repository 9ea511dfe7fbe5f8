"""Sorting what a repository's function returned: the good definitions from those that cannot be used."""

from typing import Any, Dict, List, Mapping, NamedTuple, Tuple, Type

from skerry.definitions import messages, position, signature
from skerry.definitions.base import Definition, words_for
from skerry.definitions.collecting import Failure, failure_of
from skerry.definitions.messages import invalid
from skerry.definitions.pipelines import PipelineDefinition
from skerry.definitions.position import Position
from skerry.definitions.schedules import ScheduleDefinition
from skerry.definitions.sensors import SensorDefinition
from skerry.definitions.triggers import TriggerDefinition


class RepositoryContents(NamedTuple):
    """The contents of a repository, each in the order in which it is listed."""

    pipelines: Tuple[PipelineDefinition, ...]
    schedules: Tuple[ScheduleDefinition, ...]
    sensors: Tuple[SensorDefinition, ...]
    failures: Tuple[Failure, ...]


#: The keys of a repository's dict, and what stands under each.
COLLECTIONS: Mapping[str, Type[Definition]] = {
    "pipelines": PipelineDefinition,
    "jobs": PipelineDefinition,
    "schedules": ScheduleDefinition,
    "sensors": SensorDefinition,
}


def sort(repository: str, at: Position, returned: Any) -> RepositoryContents:
    """Sort what the function of the repository (defined ``at``) returned; build what is to be built lazily.

    Raises DefinitionError if it is neither a list nor a dict.
    """
    if not isinstance(returned, (list, tuple, Mapping)):
        raise invalid(messages.NOT_A_COLLECTION, name=repository, at=at, found=words_for(returned))
    sorter = _Sorter(repository, at)
    if isinstance(returned, Mapping):
        sorter.take_collections(returned)
    else:
        for number, item in enumerate(returned, 1):
            sorter.take_item(number, item)
    return sorter.result()


class _Sorter:
    def __init__(self, repository: str, at: Position) -> None:
        self.repository = repository
        self.at = at
        self.failures: List[Failure] = []
        self.pipelines: Dict[str, PipelineDefinition] = {}
        # One namespace: the stored state of both is found by name.
        self.triggers: Dict[str, TriggerDefinition] = {}
        self.broken_pipelines: Dict[str, Exception] = {}

    def take_item(self, number: int, item: Any) -> None:
        """Take an item of a list."""
        if isinstance(item, (PipelineDefinition, TriggerDefinition)):
            self._take(item)
            return
        at = self._place(item)
        name = str(getattr(item, "name", None) or getattr(item, "__name__", None) or f"item {number}")
        words = messages.NOT_A_DEFINITION
        self._fail(name, "definition", at, invalid(words, name=name, at=at, **self._with(found=words_for(item))))

    def take_collections(self, collections: Mapping[Any, Any]) -> None:
        """Take a dict of dicts."""
        for key, items in collections.items():
            name, words = str(key), ""
            if key not in COLLECTIONS:
                words = messages.UNKNOWN_COLLECTION
                fields = self._with(found=words_for(key), keys=", ".join(COLLECTIONS))
            elif not isinstance(items, Mapping):
                words = messages.COLLECTION_NOT_MAPPING
                fields = self._with(found=words_for(items), type=COLLECTIONS[key].type)
            if words:
                self._fail(name, "definition", self.at, invalid(words, name=name, at=self.at, **fields))
                continue
            for promised, item in items.items():
                self._take_promised(COLLECTIONS[key], str(promised), item)

    def result(self) -> RepositoryContents:
        """Give what has been taken, after connecting schedules and sensors with their pipelines."""
        # Pipelines that are listed come before those that a schedule or sensor brings along.
        good = [trigger for trigger in self.triggers.values() if self._has_pipeline(trigger)]
        return RepositoryContents(
            tuple(self.pipelines.values()),
            tuple(trigger for trigger in good if isinstance(trigger, ScheduleDefinition)),
            tuple(trigger for trigger in good if isinstance(trigger, SensorDefinition)),
            tuple(self.failures),
        )

    def _take_promised(self, expected: Type[Definition], name: str, item: Any) -> None:
        """Take a definition, or a function that makes it, from under its name in a dict."""
        at = self._place(item)
        try:
            # A partial object or a class is no function, and can be called all the same.
            made = item() if callable(item) and not isinstance(item, Definition) else item
        except Exception as error:
            self._fail(name, expected.type, at, error)
            return
        if not isinstance(made, expected):
            fields = self._with(type=expected.type, found=words_for(made))
            self._fail(name, expected.type, at, invalid(messages.NOT_OF_TYPE, name=name, at=at, **fields))
        elif made.name != name and not made.failure:
            fields = self._with(type=expected.type, other=made.name)
            at = made.position
            self._fail(name, expected.type, at, invalid(messages.OTHER_NAME, name=name, at=at, **fields))
        else:
            self._take(made)

    def _take(self, definition: Any) -> None:
        named: Dict[str, Any] = self.pipelines if isinstance(definition, PipelineDefinition) else self.triggers
        if definition.failure:
            self._take_broken(definition)
            return
        first = named.setdefault(definition.name, definition)
        if first is not definition:
            self._fail_duplicate(first, definition)

    def _take_broken(self, definition: Definition) -> None:
        assert definition.failure
        if any(failure.error is definition.failure for failure in self.failures):
            return
        if isinstance(definition, PipelineDefinition):
            self.broken_pipelines[definition.name] = definition.failure
        self._fail(definition.name, definition.type, definition.position, definition.failure)

    def _fail_duplicate(self, first: Definition, second: Definition) -> None:
        fields = self._with(first=first.position, second=second.position)
        error = invalid(messages.NAME_TWICE, name=second.name, at=second.position, **fields)
        self._fail(second.name, second.type, second.position, error)

    def _has_pipeline(self, trigger: TriggerDefinition) -> bool:
        """Find the pipeline that a schedule or sensor starts, or bring it along; record why that cannot be."""
        name = trigger.pipeline_name
        if isinstance(trigger.pipeline, PipelineDefinition) and name not in self.pipelines:
            self._take(trigger.pipeline)
        there = self.pipelines.get(name)
        cause = self.broken_pipelines.get(name)
        if there and trigger.pipeline in (there, name):
            return True
        fields = self._with(type=trigger.type, pipeline=name)
        if there and isinstance(trigger.pipeline, PipelineDefinition):
            words = messages.PIPELINE_CLASH
            fields.update(first=trigger.pipeline.position, second=there.position)
        elif cause:
            words = messages.PIPELINE_BROKEN
        else:
            words = messages.PIPELINE_LACKING
            fields.update(pipelines=", ".join(self.pipelines) or "none")
        error = invalid(words, name=trigger.name, at=trigger.position, **fields)
        error.__cause__ = cause
        self._fail(trigger.name, trigger.type, trigger.position, error)
        return False

    def _place(self, item: Any) -> Position:
        """Say where an item is defined, or else the repository that holds it."""
        if isinstance(item, Definition):
            return item.position
        function = signature.underlying(item)
        return position.of_function(function) if function else self.at

    def _with(self, **fields: Any) -> Dict[str, Any]:
        return {"repository": self.repository, **fields}

    def _fail(self, name: str, definition_type: str, at: Position, error: Exception) -> None:
        self.failures.append(failure_of(name, definition_type, at, error))
