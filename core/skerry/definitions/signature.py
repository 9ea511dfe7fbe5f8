"""What a function takes, read from its code object: ``inspect`` would cost more than all the rest of this room."""

from types import FunctionType
from typing import Any, NamedTuple, Optional, Tuple

# Bits of a code object's co_flags; they have not changed since Python 3.6.
_TAKES_ARGS = 0x04
_TAKES_KWARGS = 0x08
_NOT_PLAIN = {0x20: "a generator", 0x80: "a coroutine", 0x200: "an asynchronous generator"}


class Parameter(NamedTuple):
    """A named parameter of a function."""

    name: str
    has_default: bool


def underlying(function: Any) -> Optional[FunctionType]:
    """Give the function that the user wrote, below decorators that used functools.wraps; None if there is none."""
    seen = set()
    while hasattr(function, "__wrapped__") and id(function) not in seen:
        seen.add(id(function))
        function = function.__wrapped__
    return function if isinstance(function, FunctionType) else None


def parameters(function: FunctionType) -> Tuple[Parameter, ...]:
    """Give the named parameters in their order, those that go by keyword only last."""
    code = function.__code__
    positional = code.co_varnames[: code.co_argcount]
    keyword = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
    first_default = len(positional) - len(function.__defaults__ or ())
    defaults = function.__kwdefaults__ or {}
    return (
        *(Parameter(name, index >= first_default) for index, name in enumerate(positional)),
        *(Parameter(name, name in defaults) for name in keyword),
    )


def required(function: FunctionType) -> Tuple[str, ...]:
    """Give the names of the parameters that a caller must fill."""
    return tuple(parameter.name for parameter in parameters(function) if not parameter.has_default)


def takes_an_argument(function: Any) -> bool:
    """Tell whether a function can be called with an argument by position."""
    own = function if isinstance(function, FunctionType) else underlying(function)
    if own is not None and variadic(own):
        own = underlying(own)  # a decorator's function, which hands on what it is given
    return own is not None and bool(own.__code__.co_argcount or own.__code__.co_flags & _TAKES_ARGS)


def variadic(function: FunctionType) -> Optional[str]:
    """Give the function's ``*args`` or ``**kwargs`` as written, or None."""
    code = function.__code__
    first = code.co_argcount + code.co_kwonlyargcount
    if code.co_flags & _TAKES_ARGS:
        return "*" + code.co_varnames[first]
    if code.co_flags & _TAKES_KWARGS:
        return "**" + code.co_varnames[first]
    return None


def not_plain(function: FunctionType) -> Optional[str]:
    """Say what a function is whose call does not run its body, or give None."""
    for flag, words in _NOT_PLAIN.items():
        if function.__code__.co_flags & flag:
            return words
    return None


def description(function: FunctionType) -> Optional[str]:
    """Give the docstring without its indentation, or None."""
    lines = (function.__doc__ or "").expandtabs().strip().splitlines()
    margins = [len(line) - len(line.lstrip()) for line in lines[1:] if line.strip()]
    margin = min(margins, default=0)
    return "\n".join([*lines[:1], *(line[margin:].rstrip() for line in lines[1:])]) or None
