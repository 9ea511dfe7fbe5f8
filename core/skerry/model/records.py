"""Frozen dataclasses that are plain JSON outside: one way to write and read all of them."""

import dataclasses
import typing
from enum import Enum
from typing import Any, ClassVar, Dict, List, Mapping, Type, TypeVar, Union

RecordType = TypeVar("RecordType", bound="Record")


def json_name(name: str) -> Any:
    """Make a field that JSON knows by another name (one that Python reserves)."""
    return dataclasses.field(metadata={"json": name})


def not_in_json(default: Any) -> Any:
    """Make a field that stays in this process: it is neither written to JSON nor read from it."""
    return dataclasses.field(default=default, metadata={"json": None}, compare=False)


class Record:
    """The base of every model class.

    ``to_json`` gives a dict of str, int, float, bool, None, list and dict. ``from_json`` ignores keys it does not
    know and takes the defaults of those that are absent, so that a newer peer's record can be read.
    """

    _readers: ClassVar[Dict[type, Dict[str, Any]]] = {}

    def to_json(self) -> Dict[str, Any]:
        """Give this record as plain JSON values, keys in the order of the fields."""
        return {name: _plain(getattr(self, field.name)) for field, name in _json_fields(type(self))}

    @classmethod
    def from_json(cls: Type[RecordType], data: Mapping[str, Any]) -> RecordType:
        """Read what ``to_json`` wrote. Raises TypeError or ValueError when it has another shape."""
        types = Record._readers.get(cls)
        if types is None:
            types = Record._readers[cls] = typing.get_type_hints(cls)
        values = {field.name: _read(types[field.name], data[name]) for field, name in _json_fields(cls) if name in data}
        return cls(**values)


def _json_fields(cls: type) -> List[Any]:
    fields = []
    for field in dataclasses.fields(cls):
        name = field.metadata.get("json", field.name)
        if name is not None:
            fields.append((field, name))
    return fields


def _plain(value: Any) -> Any:
    if isinstance(value, Record):
        return value.to_json()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    return value


def _read(hint: Any, value: Any) -> Any:
    origin = typing.get_origin(hint)
    if origin is Union:
        inner = [argument for argument in typing.get_args(hint) if argument is not type(None)]
        return None if value is None else _read(inner[0], value)
    if origin is tuple:
        item = typing.get_args(hint)[0]
        return tuple(_read(item, entry) for entry in value)
    if isinstance(hint, type) and issubclass(hint, Record):
        return hint.from_json(value)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint(value)
    return value
