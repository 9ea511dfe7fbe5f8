"""What came of a reload, as a message of ``skerry_v1.proto``, and back."""

from __future__ import annotations

from collections.abc import Iterable

from skerry.model import DefinitionChanges, DefinitionName, ReloadResult
from skerry.rpc import skerry_v1_pb2 as messages
from skerry.rpc.fields import number, optional, text
from skerry.rpc.wire_errors import NAME_LENGTH, read_error, write_error

#: Bytes of the names in one list; what is over it is left out.
NAMES_SIZE = 256 * 1024


def write_reload(result: ReloadResult) -> messages.ReloadReply:
    """Give what came of a reload."""
    return messages.ReloadReply(
        old_generation=number(result.old_generation),
        new_generation=number(result.new_generation),
        error=write_error(result.error) if result.error is not None else None,
        added=_write_names(result.changes.added),
        removed=_write_names(result.changes.removed),
        changed=_write_names(result.changes.changed),
    )


def read_reload(message: messages.ReloadReply) -> ReloadResult:
    """Read what came of a reload."""
    return ReloadResult(
        old_generation=optional(message, "old_generation"),
        new_generation=optional(message, "new_generation"),
        error=read_error(message.error) if message.HasField("error") else None,
        changes=DefinitionChanges(
            _read_names(message.added), _read_names(message.removed), _read_names(message.changed)
        ),
    )


def _write_names(names: Iterable[DefinitionName]) -> list[messages.DefinitionName]:
    written = []
    room = NAMES_SIZE
    for name in names:
        message = messages.DefinitionName(
            type=text(name.type, NAME_LENGTH),
            repository=text(name.repository, NAME_LENGTH),
            name=text(name.name, NAME_LENGTH),
        )
        room -= message.ByteSize()
        if room < 0:
            break
        written.append(message)
    return written


def _read_names(names: Iterable[messages.DefinitionName]) -> tuple[DefinitionName, ...]:
    return tuple(DefinitionName(name.type, name.repository, name.name) for name in names)
