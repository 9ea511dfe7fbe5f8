"""Errors as messages, and back: told in as much detail as a message has room for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from skerry.errors import ErrorKind
from skerry.model import DefinitionFailure, ErrorInfo, Frame
from skerry.rpc import skerry_v1_pb2 as messages
from skerry.rpc.fields import last_text, number, optional, optional_text, text

#: Bytes of one error with its causes and its output.
ERROR_LIMIT = 256 * 1024
#: Bytes of a file's name, and of a definition's.
NAME_LENGTH = 4096


@dataclass(frozen=True)
class _Detail:
    """How much is told: bytes of the message, of each name and source line, and of the output; frames; causes."""

    message: int
    name: int
    source: int
    output: int
    frames: int
    causes: int


#: The first of these with which an error is within the limit; the last one always is. What a user process tells of
#: ordinary code has all of the first. A source line may be a whole generated file.
_DETAILS = (
    _Detail(message=40_000, name=NAME_LENGTH, source=2_000, output=200_000, frames=60, causes=10),
    _Detail(message=10_000, name=1_000, source=200, output=50_000, frames=30, causes=5),
    _Detail(message=5_000, name=500, source=0, output=10_000, frames=10, causes=2),
)


def write_error(error: ErrorInfo) -> messages.Error:
    """Give an error of at most ERROR_LIMIT bytes: of what is longer, the middle of stacks and the ends of texts go."""
    for detail in _DETAILS:
        message = _error(error, detail, detail.causes)
        if message.ByteSize() <= ERROR_LIMIT:
            break
    return message


def read_error(message: messages.Error) -> ErrorInfo:
    """Read an error. One of a kind that only a newer skerry knows keeps that kind's name."""
    return ErrorInfo(
        kind=ErrorKind(message.kind),
        message=message.message,
        frames=tuple(
            Frame(frame.file, optional(frame, "line"), frame.function, frame.source, frame.user)
            for frame in message.frames
        ),
        cause=read_error(message.cause) if message.HasField("cause") else None,
        output=message.output,
    )


def write_failure(failure: DefinitionFailure) -> messages.DefinitionFailure:
    """Give a definition that was left out."""
    return messages.DefinitionFailure(
        name=text(failure.name, NAME_LENGTH),
        type=text(failure.type, NAME_LENGTH),
        file=optional_text(failure.file, NAME_LENGTH),
        line=number(failure.line),
        error=write_error(failure.error),
    )


def read_failure(message: messages.DefinitionFailure) -> DefinitionFailure:
    """Read a definition that was left out."""
    return DefinitionFailure(
        name=message.name,
        type=message.type,
        file=optional(message, "file"),
        line=optional(message, "line"),
        error=read_error(message.error),
    )


def _error(error: ErrorInfo, detail: _Detail, causes: int) -> messages.Error:
    cause = error.cause if causes > 0 else None
    return messages.Error(
        kind=text(error.kind.value, detail.name),
        message=text(error.message, detail.message),
        frames=[
            messages.Frame(
                file=text(frame.file, detail.name),
                line=number(frame.line),
                function=text(frame.function, detail.name),
                source=text(frame.source, detail.source),
                user=frame.user,
            )
            for frame in _ends(error.frames, detail.frames)
        ],
        cause=_error(cause, detail, causes - 1) if cause is not None else None,
        output=last_text(error.output, detail.output),
    )


def _ends(frames: Sequence[Frame], most: int) -> Sequence[Frame]:
    return frames if len(frames) <= most else [*frames[: most // 2], *frames[-(most // 2) :]]
