"""Hooks: functions that are called when a solid of a pipeline has succeeded, or has failed for good."""

from typing import Any, Callable, ClassVar, FrozenSet, Iterable, Optional, Tuple, overload

from skerry.definitions import base, messages, position, signature
from skerry.definitions.collecting import attempt
from skerry.definitions.messages import invalid
from skerry.definitions.position import Position


class HookDefinition(base.Definition):
    """A hook, made by ``@success_hook`` or ``@failure_hook``. ``function`` is given a ``HookContext``.

    What it raises is told in the run's log, and changes nothing else. ``after``: success or failure.
    """

    type: ClassVar[str] = "hook"
    function: Callable[..., Any]
    after: str = "success"
    required_resource_keys: FrozenSet[str] = frozenset()

    def __init__(
        self,
        function: Callable[..., Any],
        *,
        after: str,
        name: Optional[str] = None,
        required_resource_keys: Iterable[str] = (),
    ) -> None:
        """Check what the decorator was given. Raises DefinitionError."""
        found = base.user_function(self.type, function)
        at = position.of_function(found)
        name = base.checked_name(self.type, function.__name__ if name is None else name, at)
        if not signature.takes_an_argument(function):
            raise invalid(messages.HOOK_TAKES_CONTEXT, name=name, at=at)
        self._fill(
            name=name,
            description=signature.description(found),
            file=at.file,
            line=at.line,
            function=function,
            after=after,
            required_resource_keys=base.checked_resources(self.type, name, required_resource_keys, at),
        )

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """Call the function, as in a test: with a context that was made by hand."""
        return self.function(*arguments, **named)


@overload
def success_hook(function: Callable[..., Any]) -> HookDefinition: ...


@overload
def success_hook(
    *, name: Optional[str] = None, required_resource_keys: Iterable[str] = ()
) -> Callable[[Callable[..., Any]], HookDefinition]: ...


def success_hook(
    function: Optional[Callable[..., Any]] = None,
    *,
    name: Optional[str] = None,
    required_resource_keys: Iterable[str] = (),
) -> Any:
    """Make a function a hook for solids that succeed; used as ``@success_hook`` or ``@success_hook(...)``.

    ``required_resource_keys``: names of the resources that it uses. Raises DefinitionError.
    """
    return _hook("success", function, name, required_resource_keys)


@overload
def failure_hook(function: Callable[..., Any]) -> HookDefinition: ...


@overload
def failure_hook(
    *, name: Optional[str] = None, required_resource_keys: Iterable[str] = ()
) -> Callable[[Callable[..., Any]], HookDefinition]: ...


def failure_hook(
    function: Optional[Callable[..., Any]] = None,
    *,
    name: Optional[str] = None,
    required_resource_keys: Iterable[str] = (),
) -> Any:
    """Make a function a hook for solids that fail and are not run again; else as ``success_hook``."""
    return _hook("failure", function, name, required_resource_keys)


def _hook(after: str, function: Any, name: Optional[str], required_resource_keys: Iterable[str]) -> Any:
    def decorate(function: Callable[..., Any]) -> HookDefinition:
        return attempt(
            HookDefinition,
            function,
            name,
            lambda: HookDefinition(function, after=after, name=name, required_resource_keys=required_resource_keys),
        )

    return base.decorated(HookDefinition.type, function, decorate)


def checked(pipeline: str, hooks: Any, at: Position) -> Tuple[HookDefinition, ...]:
    """Give a pipeline's hooks in an order that does not change. Raises DefinitionError."""
    if hooks is None:
        return ()
    listed = isinstance(hooks, (set, frozenset, list, tuple))
    for hook in hooks if listed else [hooks]:
        if not listed or not isinstance(hook, HookDefinition):
            raise invalid(messages.HOOKS_NOT_LIST, name=pipeline, at=at, found=base.words_for(hook))
        if hook.failure:
            raise invalid(messages.BROKEN_HOOK, name=pipeline, at=at, hook=hook.name) from hook.failure
    return tuple(sorted(hooks, key=lambda hook: hook.name) if isinstance(hooks, (set, frozenset)) else hooks)
