"""Options with their secrets, for the moment when they are used: those of an origin, and those of a run launcher."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from skerry.errors import LocationError
from skerry.model import Origin
from skerry.workspace_file.env_file import read_env_file
from skerry.workspace_file.references import (
    MARK,
    MalformedReferenceError,
    Reference,
    UnsetVariableError,
    Variables,
    parse,
)
from skerry.workspace_file.wanted import ANYTHING, below, convert, types


def resolve_origin(
    origin: Origin, schema: Mapping[str, Any], written: Mapping[str, Any], environment: Mapping[str, str]
) -> tuple[Origin, frozenset[str]]:
    """Put values in place of the references of a storable origin; gives also what must not be seen.

    ``schema``: of the type's options, to convert by. ``written``: the entry's own. ``environment``: variables, as
    they are now. In what is given ``env`` holds what the environment files say, too, and ``env_file`` is empty. The
    result is never to be stored. Called by the workspace before each ``open``. Raises LocationError.
    """
    variables = Variables(environment, written)
    options = _resolve(origin.options, schema, variables)
    env: dict[str, str] = {}
    for path in origin.env_file:
        read = read_env_file(path)
        variables.keep(read.values())
        env.update(read)
    env.update({name: str(_resolve(value, ANYTHING, variables)) for name, value in origin.env.items()})
    return replace(origin, options=options, env=env, env_file=()), frozenset(variables.secrets)


def resolve_options(
    options: Mapping[str, Any], schema: Mapping[str, Any], written: Mapping[str, Any], environment: Mapping[str, str]
) -> tuple[Mapping[str, Any], frozenset[str]]:
    """Do likewise for storable options alone. Called by the workspace before it makes a run launcher."""
    variables = Variables(environment, written)
    return _resolve(options, schema, variables), frozenset(variables.secrets)


def _resolve(value: Any, schema: Mapping[str, Any], variables: Variables) -> Any:
    if isinstance(value, Mapping):
        return {key: _resolve(item, below(schema, key), variables) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_resolve(item, below(schema, index), variables) for index, item in enumerate(value)]
    if not isinstance(value, str) or MARK not in value:
        return value
    return _text(value, schema, variables)


def _text(value: str, schema: Mapping[str, Any], variables: Variables) -> Any:
    try:
        parts = parse(value)
        found = variables.resolve(parts)
        if isinstance(found, str) and len(parts) == 1 and isinstance(parts[0], Reference):
            return convert(found, types(schema))
    except UnsetVariableError as error:
        reason = f"The environment variable `{error.name}` is not set any more.\nSet it before Skerry starts."
        raise LocationError(reason=reason) from None
    except MalformedReferenceError:
        # The reader refuses these: it is the location type that wrote one.
        reason = "The location type made an option that holds a malformed `${`.\nReport it to its authors."
        raise LocationError(reason=reason) from None
    except ValueError:
        names = ", ".join(_names(parts))
        reason = f"The environment variable {names} does not have the type of the option any more.\nCorrect it."
        raise LocationError(reason=reason) from None
    return found


def _names(parts: tuple[str | Reference, ...]) -> Iterator[str]:
    return (f"`{part.name}`" for part in parts if isinstance(part, Reference))
