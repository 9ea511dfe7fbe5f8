"""Runs as messages of ``skerry_v1.proto``, and back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from skerry.execution.events import EventType
from skerry.model import RunEvent, RunOptions
from skerry.plugin import RunStart
from skerry.rpc import skerry_v1_pb2 as messages
from skerry.rpc.fields import number, optional, optional_text, text
from skerry.rpc.wire_errors import NAME_LENGTH, read_error, write_error

#: Characters of a run config that are sent in one message: each is one byte of JSON.
PIECE = 48 * 1024
#: Bytes that a run config may have. (What schedules and sensors ask for has less.)
CONFIG_LIMIT = 16 * 1024 * 1024
#: Bytes of all else that is said of a run.
START_LIMIT = 60 * 1024
#: Bytes of events that are sent in one message, if one alone does not have more.
PART_SIZE = 64 * 1024


def write_start(start: RunStart) -> Iterator[messages.StartRunPart]:
    """Give the parts of a request. Raises ValueError, with a sentence, for one that no server takes."""
    options = start.options
    message = messages.RunStart(
        run_id=start.run_id,
        repository=text(options.repository),
        pipeline=text(options.pipeline),
        tags={text(key): text(value) for key, value in options.tags.items()},
        solids=[text(solid) for solid in options.solids],
        max_concurrency=number(options.max_concurrency),
        parent_id=optional_text(options.parent_id),
        detached=start.detached,
    )
    if message.ByteSize() > START_LIMIT:
        raise ValueError(f"its tags and solids take {message.ByteSize()} bytes, over the limit of {START_LIMIT}")
    config = json.dumps(options.run_config)
    if len(config) > CONFIG_LIMIT:
        raise ValueError(f"its run config takes {len(config)} bytes, over the limit of {CONFIG_LIMIT}")
    return _parts(message, config)


def _parts(message: messages.RunStart, config: str) -> Iterator[messages.StartRunPart]:
    yield messages.StartRunPart(start=message)
    for begin in range(0, len(config), PIECE):
        yield messages.StartRunPart(run_config=config[begin : begin + PIECE])


def read_start(message: messages.RunStart, config: str) -> RunStart:
    """Read what is to be run. Raises ValueError."""
    run_config = json.loads(config) if config else {}
    if not isinstance(run_config, dict):
        raise ValueError("a run config is no JSON object")
    options = RunOptions(
        repository=message.repository,
        pipeline=message.pipeline,
        run_config=run_config,
        tags=dict(message.tags),
        solids=tuple(message.solids),
        max_concurrency=max(1, message.max_concurrency),  # 0: left out
        parent_id=optional(message, "parent_id"),
    )
    return RunStart(message.run_id, options, message.detached)


def write_events(run_id: str, events: Iterable[RunEvent]) -> Iterator[messages.RunsPart]:
    """Give events in parts."""
    part, room = messages.RunsPart(run_id=run_id), PART_SIZE
    for event in events:
        message = _event(event)
        size = message.ByteSize()
        if size > room and part.events:
            yield part
            part, room = messages.RunsPart(run_id=run_id), PART_SIZE
        part.events.append(message)
        room -= size
    if part.events:
        yield part


def read_event(message: messages.RunEvent) -> RunEvent:
    """Read an event. Raises ValueError, RecursionError."""
    data: Any = json.loads(message.data) if message.data else {}
    if not isinstance(data, dict):
        raise ValueError("the data of an event is no JSON object")
    return RunEvent(
        sequence=message.sequence,
        at=message.at,
        type=EventType(message.type),
        solid=optional(message, "solid"),
        data=data,
        error=read_error(message.error) if message.HasField("error") else None,
    )


def _event(event: RunEvent) -> messages.RunEvent:
    return messages.RunEvent(
        sequence=event.sequence,
        at=event.at,
        type=event.type.value,
        solid=optional_text(event.solid, NAME_LENGTH),
        data=json.dumps(event.data),
        error=write_error(event.error) if event.error is not None else None,
    )
