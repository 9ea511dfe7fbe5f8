"""The model as messages of ``skerry_v1.proto``, and back. What a newer peer adds is ignored; nothing here raises."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from skerry.errors import ErrorKind, LocationError
from skerry.model import (
    DefinitionFailure,
    ErrorInfo,
    Explanation,
    Frame,
    InputSnapshot,
    PathEntry,
    PipelineSnapshot,
    ReloadResult,
    RepositorySnapshot,
    ScheduleSnapshot,
    SensorSnapshot,
    ServerInfo,
    SolidSnapshot,
    State,
)
from skerry.plugin import ServerStatus
from skerry.rpc import skerry_v1_pb2 as messages

#: Bytes of one definition, far below the 4 MiB at which gRPC refuses a message.
ITEM_LIMIT = 2 * 1024 * 1024
#: Bytes of definitions that are sent in one message, if one alone does not have more.
PART_SIZE = 256 * 1024
#: Characters of kept output that are sent in one message; each has up to four bytes.
OUTPUT_PART_LENGTH = 64 * 1024
#: Characters of a source line: somebody's generated file may be one line.
SOURCE_LENGTH = 2000

_STATES = {state: messages.State.Value(state.value) for state in State}
_STATES_BACK = {number: state for state, number in _STATES.items()}


def write_status(status: ServerStatus, snapshot: int) -> messages.Status:
    """Give a status without its repositories. ``snapshot``: the number of those."""
    return messages.Status(
        state=_STATES[status.state],  # type: ignore[arg-type]
        stale=status.stale,
        progress=_text(status.progress),
        server=_server(status.server) if status.server is not None else None,
        error=_error(status.error) if status.error is not None else None,
        explanation=_explanation(status.explanation) if status.explanation is not None else None,
        snapshot=snapshot,
    )


def read_status(message: messages.Status, address: str) -> ServerStatus:
    """Give a status as it holds at ``address``, without repositories."""
    state = _STATES_BACK.get(message.state)
    progress = message.progress
    if state is None:  # a newer server is in a state that has no name here
        state = _nearest(message)
        if state is State.LOADING:
            progress = progress or f"in a state that this skerry does not know ({message.state})"
    return ServerStatus(
        state=state,
        server=_read_server(message.server, address) if message.HasField("server") else None,
        error=_read_error(message.error) if message.HasField("error") else None,
        explanation=_read_explanation(message.explanation) if message.HasField("explanation") else None,
        progress=progress,
        stale=message.stale,
    )


def _nearest(message: messages.Status) -> State:
    """Tell by what a status holds which of our states comes nearest: LOADING alone keeps people waiting."""
    if message.snapshot:
        return State.READY
    return State.FAILED if message.HasField("error") else State.LOADING


def write_reload(result: ReloadResult) -> messages.ReloadReply:
    """Give what came of a reload."""
    error = _error(result.error) if result.error is not None else None
    return messages.ReloadReply(old_generation=result.old_generation, new_generation=result.new_generation, error=error)


def read_reload(message: messages.ReloadReply) -> ReloadResult:
    """Read what came of a reload."""
    return ReloadResult(
        old_generation=_optional(message, "old_generation"),
        new_generation=_optional(message, "new_generation"),
        error=_read_error(message.error) if message.HasField("error") else None,
    )


def write_snapshot(repositories: Iterable[RepositorySnapshot]) -> list[messages.SnapshotPart]:
    """Give the parts of a snapshot; a definition that is over ITEM_LIMIT becomes a failure that names it."""
    parts: list[messages.SnapshotPart] = [messages.SnapshotPart()]
    room = PART_SIZE
    for item in _items(repositories):
        size = item.ByteSize()
        if size > room and parts[-1].items:
            parts.append(messages.SnapshotPart())
            room = PART_SIZE
        parts[-1].items.append(item)
        room -= size
    return parts


def read_snapshot(items: Iterable[messages.Item]) -> tuple[RepositorySnapshot, ...]:
    """Give the repositories that the items of all parts make."""
    repositories: list[_Repository] = []
    for item in items:
        kind = item.WhichOneof("item")
        if kind == "repository":
            repositories.append(_Repository(item.repository.name, _optional(item.repository, "description")))
        elif repositories and kind is not None:
            repositories[-1].add(kind, getattr(item, kind))
    return tuple(one.snapshot() for one in repositories)


def write_output(text: str) -> Iterator[messages.OutputPart]:
    """Give what was written, in parts."""
    for start in range(0, len(text), OUTPUT_PART_LENGTH):
        yield messages.OutputPart(text=_text(text[start : start + OUTPUT_PART_LENGTH]))


@dataclass
class _Repository:
    """A repository whose items are still coming."""

    name: str
    description: str | None
    failures: list[DefinitionFailure] = field(default_factory=list)
    pipelines: list[PipelineSnapshot] = field(default_factory=list)
    schedules: list[ScheduleSnapshot] = field(default_factory=list)
    sensors: list[SensorSnapshot] = field(default_factory=list)

    def add(self, kind: str, message: Any) -> None:
        """Take an item; a kind that a newer server has is left out."""
        if kind == "pipeline":
            self.pipelines.append(_read_pipeline(message))
        elif kind == "schedule":
            timezone = _optional(message, "timezone")
            self.schedules.append(ScheduleSnapshot(message.name, message.cron_schedule, timezone, message.pipeline))
        elif kind == "sensor":
            self.sensors.append(SensorSnapshot(message.name, message.pipeline))
        elif kind == "failure":
            self.failures.append(_read_failure(message))

    def snapshot(self) -> RepositorySnapshot:
        """Give what has come."""
        return RepositorySnapshot(
            name=self.name,
            description=self.description,
            errors=tuple(self.failures),
            pipelines=tuple(self.pipelines),
            schedules=tuple(self.schedules),
            sensors=tuple(self.sensors),
        )


def _items(repositories: Iterable[RepositorySnapshot]) -> Iterator[messages.Item]:
    for repository in repositories:
        description = _optional_text(repository.description)
        yield messages.Item(repository=messages.Repository(name=_text(repository.name), description=description))
        for failure in repository.errors:
            yield messages.Item(failure=_failure(failure))
        for pipeline in repository.pipelines:
            yield _within_limit(messages.Item(pipeline=_pipeline(pipeline)), "pipeline", pipeline)
        for schedule in repository.schedules:
            item = messages.Schedule(
                name=_text(schedule.name),
                cron_schedule=_text(schedule.cron_schedule),
                timezone=_optional_text(schedule.timezone),
                pipeline=_text(schedule.pipeline),
            )
            yield _within_limit(messages.Item(schedule=item), "schedule", schedule)
        for sensor in repository.sensors:
            made = messages.Sensor(name=_text(sensor.name), pipeline=_text(sensor.pipeline))
            yield _within_limit(messages.Item(sensor=made), "sensor", sensor)


def _within_limit(
    item: messages.Item, kind: str, definition: PipelineSnapshot | ScheduleSnapshot | SensorSnapshot
) -> messages.Item:
    size = item.ByteSize()
    if size <= ITEM_LIMIT:
        return item
    name = definition.name[:200]
    error = LocationError(ErrorKind.DEFINITION_TOO_LARGE, type=kind, name=name, size=size, limit=ITEM_LIMIT)
    file, line = getattr(definition, "file", None), getattr(definition, "line", None)
    failure = DefinitionFailure(name, kind, file, line, ErrorInfo(error.kind, str(error)))
    return messages.Item(failure=_failure(failure))


def _pipeline(pipeline: PipelineSnapshot) -> messages.Pipeline:
    schema = pipeline.config_schema
    return messages.Pipeline(
        name=_text(pipeline.name),
        description=_optional_text(pipeline.description),
        tags={_text(key): _text(value) for key, value in pipeline.tags.items()},
        file=_optional_text(pipeline.file),
        line=pipeline.line,
        config_schema=None if schema is None else json.dumps(schema),
        solids=[
            messages.Solid(
                name=_text(solid.name),
                definition=_text(solid.definition),
                inputs=[
                    messages.Input(name=_text(one.name), sources=[_text(source) for source in one.from_])
                    for one in solid.inputs
                ],
                outputs=[_text(output) for output in solid.outputs],
            )
            for solid in pipeline.solids
        ],
    )


def _read_pipeline(message: messages.Pipeline) -> PipelineSnapshot:
    return PipelineSnapshot(
        name=message.name,
        description=_optional(message, "description"),
        tags=dict(message.tags),
        file=_optional(message, "file"),
        line=_optional(message, "line"),
        config_schema=_read_json(message.config_schema) if message.HasField("config_schema") else None,
        solids=tuple(
            SolidSnapshot(
                name=solid.name,
                definition=solid.definition,
                inputs=tuple(InputSnapshot(one.name, tuple(one.sources)) for one in solid.inputs),
                outputs=tuple(solid.outputs),
            )
            for solid in message.solids
        ),
    )


def _read_json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return {"description": "The server sent a config schema that is not JSON."}


def _failure(failure: DefinitionFailure) -> messages.DefinitionFailure:
    return messages.DefinitionFailure(
        name=_text(failure.name),
        type=failure.type,
        file=_optional_text(failure.file),
        line=failure.line,
        error=_error(failure.error),
    )


def _read_failure(message: messages.DefinitionFailure) -> DefinitionFailure:
    return DefinitionFailure(
        name=message.name,
        type=message.type,
        file=_optional(message, "file"),
        line=_optional(message, "line"),
        error=_read_error(message.error),
    )


def _error(error: ErrorInfo) -> messages.Error:
    return messages.Error(
        kind=error.kind.value,
        message=_text(error.message),
        frames=[
            messages.Frame(
                file=_text(frame.file),
                line=frame.line,
                function=_text(frame.function),
                source=_text(frame.source[:SOURCE_LENGTH]),
                user=frame.user,
            )
            for frame in error.frames
        ],
        cause=_error(error.cause) if error.cause is not None else None,
        output=_text(error.output),
    )


def _read_error(message: messages.Error) -> ErrorInfo:
    return ErrorInfo(
        kind=ErrorKind(message.kind),
        message=message.message,
        frames=tuple(
            Frame(frame.file, _optional(frame, "line"), frame.function, frame.source, frame.user)
            for frame in message.frames
        ),
        cause=_read_error(message.cause) if message.HasField("cause") else None,
        output=message.output,
    )


def _server(server: ServerInfo) -> messages.Server:
    return messages.Server(
        id=server.id,
        pid=server.pid,
        python=server.python,
        executable=_text(server.executable),
        skerry=server.skerry,
        image=_optional_text(server.image),
        generation=server.generation,
        load_seconds=server.load_seconds,
    )


def _read_server(message: messages.Server, address: str) -> ServerInfo:
    return ServerInfo(
        id=message.id,
        pid=_optional(message, "pid"),
        address=address,
        python=message.python,
        executable=message.executable,
        skerry=message.skerry,
        image=_optional(message, "image"),
        generation=message.generation,
        load_seconds=_optional(message, "load_seconds"),
    )


def _explanation(explanation: Explanation) -> messages.Explanation:
    return messages.Explanation(
        executable=_text(explanation.executable),
        python=explanation.python,
        working_directory=_text(explanation.working_directory),
        path=[messages.PathEntry(path=_text(entry.path), reason=entry.reason) for entry in explanation.path],
        module=_text(explanation.module),
        file=_optional_text(explanation.file),
    )


def _read_explanation(message: messages.Explanation) -> Explanation:
    return Explanation(
        executable=message.executable,
        python=message.python,
        working_directory=message.working_directory,
        path=tuple(PathEntry(entry.path, entry.reason) for entry in message.path),
        module=message.module,
        file=_optional(message, "file"),
    )


def _optional(message: Any, field: str) -> Any:
    return getattr(message, field) if message.HasField(field) else None


def _text(text: str) -> str:
    """Give text that UTF-8 has: a lone surrogate, as a file name may hold, is shown as ``\\udcNN``."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _optional_text(text: str | None) -> str | None:
    return None if text is None else _text(text)
