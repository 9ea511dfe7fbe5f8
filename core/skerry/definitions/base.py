"""What all definitions have in common."""

import re
from types import FunctionType, ModuleType
from typing import Any, Callable, ClassVar, Dict, FrozenSet, Mapping, Optional, Type, TypeVar

from skerry.definitions import json_values, messages, position, signature
from skerry.definitions.messages import invalid
from skerry.definitions.position import Position

DefinitionType = TypeVar("DefinitionType", bound="Definition")

_NAME = re.compile(r"[A-Za-z0-9_]+")


class Definition:
    """A named thing that user code defines; immutable.

    ``file`` and ``line``: the ``def`` of the user's function, or the call that made the definition. ``failure`` is
    None, or the exception that the definition failed with while its module was being loaded: then everything but
    ``name``, ``file`` and ``line`` is empty, and whatever uses the definition fails too.
    """

    type: ClassVar[str] = "definition"
    name: str
    description: Optional[str] = None
    file: Optional[str] = None
    line: Optional[int] = None
    failure: Optional[Exception] = None

    @classmethod
    def broken(cls: Type[DefinitionType], name: str, at: Position, failure: Exception, function: Any) -> DefinitionType:
        """Make the stand-in for a definition that failed."""
        definition = cls.__new__(cls)
        definition._fill(name=name, file=at.file, line=at.line, failure=failure, function=function)
        return definition

    @property
    def position(self) -> Position:
        """Where it is defined."""
        return Position(self.file, self.line)

    def _fill(self, **values: Any) -> None:
        vars(self).update(values)

    def __setattr__(self, attribute: str, value: Any) -> None:
        raise AttributeError(f"{self!r} is immutable: {attribute!r} cannot be set")

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r} at {self.position}>"


def user_function(definition_type: str, function: Any) -> FunctionType:
    """Give the function that the user wrote and decorated. Raises DefinitionError if it is none."""
    found = signature.underlying(function)
    if found is None:
        name = str(getattr(function, "__name__", ""))
        raise invalid(
            messages.NOT_A_FUNCTION, name=name, at=position.of_caller(), type=definition_type, found=words_for(function)
        )
    return found


def decorated(definition_type: str, function: Any, decorate: Callable[[Any], Any]) -> Any:
    """Serve a decorator in both its forms: ``@solid`` (a function is given) and ``@solid(...)`` (None is)."""
    if function is None:
        return decorate
    if not callable(function):
        raise invalid(
            messages.ARGUMENTS_BY_NAME,
            name="",
            at=position.of_caller(),
            type=definition_type,
            found=words_for(function),
        )
    return decorate(function)


def checked_name(definition_type: str, name: Any, at: Position) -> str:
    """Give a name back, or raise DefinitionError if it has other characters than letters, digits, underscores."""
    if isinstance(name, str) and _NAME.fullmatch(name):
        return name
    article = "an" if definition_type[0] in "aeiou" else "a"
    raise invalid(messages.BAD_NAME, name=str(name), at=at, bad=repr(name), article=article, type=definition_type)


def checked_description(definition_type: str, name: str, text: Any, at: Position) -> Optional[str]:
    """Give a description back, or raise DefinitionError if it is no text."""
    if text is None or isinstance(text, str):
        return text
    raise invalid(messages.DESCRIPTION_NOT_TEXT, name=name, at=at, type=definition_type, found=words_for(text))


def checked_tags(definition_type: str, name: str, tags: Optional[Mapping[str, str]], at: Position) -> Dict[str, str]:
    """Give a copy of tags, or raise DefinitionError if they are anything but texts by texts."""
    if tags is None:
        return {}
    wrong = (
        [tags]
        if not isinstance(tags, Mapping)
        else [part for item in tags.items() for part in item if not isinstance(part, str)]
    )
    if wrong:
        raise invalid(messages.TAGS_NOT_TEXT, name=name, at=at, type=definition_type, found=words_for(wrong[0]))
    return dict(tags)


def checked_schema(definition_type: str, name: str, schema: Any, at: Position) -> Optional[Dict[str, Any]]:
    """Give a copy of a config schema, or raise DefinitionError if it is no plain JSON."""
    if schema is None:
        return None
    fault = json_values.first_fault(schema, "config_schema") if isinstance(schema, dict) else ("config_schema", schema)
    if fault:
        path, value = fault
        found = words_for(value)
        raise invalid(messages.SCHEMA_NOT_JSON, name=name, at=at, type=definition_type, path=path, found=found)
    copy: Dict[str, Any] = json_values.copied(schema)
    return copy


def checked_resources(definition_type: str, name: str, keys: Any, at: Position) -> FrozenSet[str]:
    """Give the names of required resources, or raise DefinitionError if they are none."""
    listed = isinstance(keys, (set, frozenset, list, tuple))
    wrong = [key for key in keys if not isinstance(key, str)] if listed else [keys]
    if wrong:
        found = words_for(wrong[0])
        raise invalid(messages.RESOURCES_NOT_NAMES, name=name, at=at, type=definition_type, found=found)
    return frozenset(keys)


def words_for(value: Any) -> str:
    """Say what a value is, for an error; ``repr`` of the user's objects is not called."""
    if isinstance(value, Definition):
        return f"the {value.type} {value.name!r}"
    if isinstance(value, int) and value.bit_length() > 200:
        return f"a number of {value.bit_length()} bits"
    if value is None or isinstance(value, (bool, int, float)):
        return repr(value)
    if isinstance(value, str):
        return repr(value if len(value) <= 60 else value[:57] + "...")
    for kind, words in ((FunctionType, "function"), (type, "class"), (ModuleType, "module")):
        if isinstance(value, kind):
            return f"the {words} {value.__name__!r}"
    return f"a value of type {type(value).__name__}"
