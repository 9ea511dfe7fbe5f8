"""The model as messages of ``skerry_v1.proto``, and back. What a newer peer adds is ignored; nothing here raises.

No message is large, whatever user code holds: what people read is cut to what they can read, and a definition that is
over ITEM_LIMIT is an error that names it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from skerry.errors import ErrorKind, LocationError
from skerry.model import (
    DefinitionFailure,
    ErrorInfo,
    Explanation,
    InputSnapshot,
    PathEntry,
    PipelineSnapshot,
    RepositorySnapshot,
    ScheduleSnapshot,
    SensorSnapshot,
    ServerInfo,
    SolidSnapshot,
    State,
)
from skerry.plugin import ServerStatus
from skerry.rpc import skerry_v1_pb2 as messages
from skerry.rpc.fields import number, optional, optional_text, process_number, text
from skerry.rpc.wire_errors import NAME_LENGTH, read_error, read_failure, write_error, write_failure

#: Bytes of one definition, far below the 4 MiB at which gRPC refuses a message.
ITEM_LIMIT = 1024 * 1024
#: Bytes of definitions that are sent in one message, if one alone does not have more. As many are held for each client
#: that asks for a snapshot and does not read it.
PART_SIZE = 64 * 1024
#: Characters of kept output that are sent in one message; each has up to four bytes.
OUTPUT_PART_LENGTH = 16 * 1024
#: Bytes of what is being done, of a repository's description, and of the entries of ``sys.path`` with their reasons.
PROGRESS_LENGTH = 1000
DESCRIPTION_LENGTH = 64 * 1024
#: Warnings that are told of one location, and bytes of each.
WARNINGS = 50
WARNING_LENGTH = 2000
PATH_LENGTH = 64 * 1024
#: Characters of an entry, as JSON.
ENTRY_LIMIT = 32 * 1024

_STATES = {state: messages.State.Value(state.value) for state in State}
#: What is CLOSED on the other side is not closed here: there will be another. What is IDLE there is asked all the same.
_STATES_BACK: dict[int, State] = {
    value: state for state, value in _STATES.items() if state not in (State.CLOSED, State.IDLE)
}


def write_status(status: ServerStatus, snapshot: int) -> messages.Status:
    """Give a status without its repositories. ``snapshot``: the number of those."""
    return messages.Status(
        state=_STATES[status.state],  # type: ignore[arg-type]
        stale=status.stale,
        progress=text(status.progress, PROGRESS_LENGTH),
        server=_server(status.server) if status.server is not None else None,
        error=write_error(status.error) if status.error is not None else None,
        explanation=_explanation(status.explanation) if status.explanation is not None else None,
        snapshot=snapshot,
        busy_since=status.busy_since,
        warnings=[text(warning, WARNING_LENGTH) for warning in status.warnings[:WARNINGS]],
    )


def read_status(message: messages.Status, address: str) -> ServerStatus:
    """Give a status as it holds at ``address``, without repositories."""
    state = _STATES_BACK.get(message.state)
    progress = message.progress
    if message.state == messages.CLOSED:
        state, progress = State.LOADING, "the server is ending"
    elif state is None:  # a newer server is in a state that has no name here
        state = _nearest(message)
        if state is State.LOADING:
            progress = progress or f"in a state that this skerry does not know ({message.state})"
    return ServerStatus(
        state=state,
        server=_read_server(message.server, address) if message.HasField("server") else None,
        error=read_error(message.error) if message.HasField("error") else None,
        explanation=_read_explanation(message.explanation) if message.HasField("explanation") else None,
        progress=progress,
        stale=message.stale,
        busy_since=optional(message, "busy_since"),
        warnings=tuple(message.warnings),
    )


def _nearest(message: messages.Status) -> State:
    """Tell by what a status holds which of our states comes nearest: LOADING alone keeps people waiting."""
    if message.snapshot:
        return State.READY
    return State.FAILED if message.HasField("error") else State.LOADING


def read_hello(message: messages.HandshakeReply, address: str) -> ServerInfo:
    """Give what a handshake tells of a server that has no user process: no Python, and no generation."""
    return ServerInfo(
        id=message.server_id,
        pid=message.pid or None,
        address=address,
        python="",
        executable="",
        skerry=message.skerry,
        image=optional(message, "image"),
        generation=0,
        load_seconds=None,
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
            repositories.append(_Repository(item.repository.name, optional(item.repository, "description")))
        elif repositories and kind is not None:
            repositories[-1].add(kind, getattr(item, kind))
    return tuple(one.snapshot() for one in repositories)


def write_output(written: str) -> Iterator[messages.OutputPart]:
    """Give what was written, in parts."""
    for start in range(0, len(written), OUTPUT_PART_LENGTH):
        yield messages.OutputPart(text=text(written[start : start + OUTPUT_PART_LENGTH]))


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
            timezone = optional(message, "timezone")
            self.schedules.append(ScheduleSnapshot(message.name, message.cron_schedule, timezone, message.pipeline))
        elif kind == "sensor":
            self.sensors.append(SensorSnapshot(message.name, message.pipeline))
        elif kind == "failure":
            self.failures.append(read_failure(message))

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
        description = optional_text(repository.description, DESCRIPTION_LENGTH)
        yield messages.Item(
            repository=messages.Repository(name=text(repository.name, NAME_LENGTH), description=description)
        )
        for failure in repository.errors:
            yield messages.Item(failure=write_failure(failure))
        for pipeline in repository.pipelines:
            yield _within_limit(messages.Item(pipeline=_pipeline(pipeline)), "pipeline", pipeline)
        for schedule in repository.schedules:
            item = messages.Schedule(
                name=text(schedule.name),
                cron_schedule=text(schedule.cron_schedule),
                timezone=optional_text(schedule.timezone),
                pipeline=text(schedule.pipeline),
            )
            yield _within_limit(messages.Item(schedule=item), "schedule", schedule)
        for sensor in repository.sensors:
            made = messages.Sensor(name=text(sensor.name), pipeline=text(sensor.pipeline))
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
    return messages.Item(failure=write_failure(failure))


def _pipeline(pipeline: PipelineSnapshot) -> messages.Pipeline:
    schema = pipeline.config_schema
    return messages.Pipeline(
        name=text(pipeline.name),
        description=optional_text(pipeline.description),
        tags={text(key): text(value) for key, value in pipeline.tags.items()},
        file=optional_text(pipeline.file),
        line=number(pipeline.line),
        config_schema=None if schema is None else json.dumps(schema),
        solids=[
            messages.Solid(
                name=text(solid.name),
                definition=text(solid.definition),
                inputs=[
                    messages.Input(name=text(one.name), sources=[text(source) for source in one.from_])
                    for one in solid.inputs
                ],
                outputs=[text(output) for output in solid.outputs],
            )
            for solid in pipeline.solids
        ],
    )


def _read_pipeline(message: messages.Pipeline) -> PipelineSnapshot:
    return PipelineSnapshot(
        name=message.name,
        description=optional(message, "description"),
        tags=dict(message.tags),
        file=optional(message, "file"),
        line=optional(message, "line"),
        config_schema=_read_schema(message.config_schema) if message.HasField("config_schema") else None,
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


def _read_schema(written: str) -> Mapping[str, Any]:
    try:
        schema = json.loads(written)
    except (ValueError, RecursionError):  # the latter is for what is nested without end
        schema = None
    return schema if isinstance(schema, dict) else {"description": "The server sent a config schema that is none."}


def _server(server: ServerInfo) -> messages.Server:
    return messages.Server(
        id=text(server.id, NAME_LENGTH),
        pid=process_number(server.pid),
        python=text(server.python, NAME_LENGTH),
        executable=text(server.executable, NAME_LENGTH),
        skerry=text(server.skerry, NAME_LENGTH),
        image=optional_text(server.image, NAME_LENGTH),
        generation=number(server.generation) or 0,
        load_seconds=server.load_seconds,
        entry=_entry(server.entry),
    )


def _entry(entry: Mapping[str, Any] | None) -> str | None:
    written = json.dumps(entry) if entry is not None else ""
    return written if 0 < len(written) <= ENTRY_LIMIT else None


def _read_entry(written: str | None) -> Mapping[str, Any] | None:
    """Read an entry; what is none is as good as none: it only serves to load the same code elsewhere."""
    try:
        entry = json.loads(written) if written else None
    except (ValueError, RecursionError):
        return None
    return entry if isinstance(entry, dict) else None


def _read_server(message: messages.Server, address: str) -> ServerInfo:
    return ServerInfo(
        id=message.id,
        pid=optional(message, "pid"),
        address=address,
        python=message.python,
        executable=message.executable,
        skerry=message.skerry,
        image=optional(message, "image"),
        generation=message.generation,
        load_seconds=optional(message, "load_seconds"),
        entry=_read_entry(optional(message, "entry")),
    )


def _explanation(explanation: Explanation) -> messages.Explanation:
    return messages.Explanation(
        executable=text(explanation.executable, NAME_LENGTH),
        python=text(explanation.python, NAME_LENGTH),
        working_directory=text(explanation.working_directory, NAME_LENGTH),
        path=_path(explanation.path),
        module=text(explanation.module, NAME_LENGTH),
        file=optional_text(explanation.file, NAME_LENGTH),
    )


def _path(entries: Iterable[PathEntry]) -> list[messages.PathEntry]:
    """Give the first entries, as many as there is room for."""
    written, room = [], PATH_LENGTH
    for entry in entries:
        one = messages.PathEntry(path=text(entry.path, NAME_LENGTH), reason=text(entry.reason, NAME_LENGTH))
        room -= one.ByteSize()
        if room < 0:
            break
        written.append(one)
    return written


def _read_explanation(message: messages.Explanation) -> Explanation:
    return Explanation(
        executable=message.executable,
        python=message.python,
        working_directory=message.working_directory,
        path=tuple(PathEntry(entry.path, entry.reason) for entry in message.path),
        module=message.module,
        file=optional(message, "file"),
    )
