"""Frozen dataclasses that are plain JSON outside: one way to write and read all of them."""

import dataclasses
import typing
from enum import Enum
from typing import Any, Callable, ClassVar, Dict, List, Mapping, Optional, Tuple, Type, TypeVar, Union

RecordType = TypeVar("RecordType", bound="Record")
Reader = Callable[[Any], Any]


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

    #: For each class the fields that JSON has, with their names there, and what reads each; made when first used.
    _written: ClassVar[Dict[type, List[Tuple[str, str]]]] = {}
    _readers: ClassVar[Dict[type, List[Tuple[str, str, Optional[Reader]]]]] = {}

    def to_json(self) -> Dict[str, Any]:
        """Give this record as plain JSON values, keys in the order of the fields."""
        return {name: _plain(getattr(self, field)) for field, name in _json_fields(type(self))}

    @classmethod
    def from_json(cls: Type[RecordType], data: Mapping[str, Any]) -> RecordType:
        """Read what ``to_json`` wrote. Raises TypeError or ValueError when it has another shape."""
        readers = Record._readers.get(cls)
        if readers is None:
            types = typing.get_type_hints(cls)
            readers = [(field, name, _reader(types[field])) for field, name in _json_fields(cls)]
            Record._readers[cls] = readers
        return cls(
            **{
                field: data[name] if reader is None else reader(data[name])
                for field, name, reader in readers
                if name in data
            }
        )


def _json_fields(cls: type) -> List[Tuple[str, str]]:
    found = Record._written.get(cls)
    if found is None:
        named = [(field.name, field.metadata.get("json", field.name)) for field in dataclasses.fields(cls)]
        found = Record._written[cls] = [(field, name) for field, name in named if name is not None]
    return found


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, (int, float)):
        return value
    if isinstance(value, Record):
        return value.to_json()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    return value


def _reader(hint: Any) -> Optional[Reader]:
    """Give what reads a value of this type; None where it is in JSON what it is here."""
    origin = typing.get_origin(hint)
    if origin is Union:
        inner = _reader(next(argument for argument in typing.get_args(hint) if argument is not type(None)))
        return None if inner is None else _optional(inner)
    if origin is tuple:
        return _tuple(_reader(typing.get_args(hint)[0]))
    if isinstance(hint, type) and issubclass(hint, Record):
        return hint.from_json
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint
    return None


def _optional(inner: Reader) -> Reader:
    return lambda value: None if value is None else inner(value)


def _tuple(item: Optional[Reader]) -> Reader:
    return tuple if item is None else lambda value: tuple(map(item, value))
