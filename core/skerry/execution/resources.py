"""The resources of a run: set up before the solids that require them, torn down in the reverse order."""

import contextlib
from types import GeneratorType
from typing import Any, Callable, Dict, Iterable, Iterator, Set

from skerry.definitions import ResourceDefinition, SolidInvocation
from skerry.definitions.resources import ordered
from skerry.definitions.run_contexts import InitResourceContext
from skerry.definitions.signature import takes_an_argument
from skerry.errors import ErrorKind, RunError
from skerry.execution.calling import call
from skerry.execution.events import Emit, Event, EventType
from skerry.execution.logs import logger
from skerry.execution.plan import Plan
from skerry.execution.settings import Settings

#: Hears of what a tear-down has raised, by the resource's name.
TearDownFailed = Callable[[str, BaseException], None]


def _required(plan: Plan, invocations: Iterable[SolidInvocation]) -> Set[str]:
    """Give the names of the resources that these solids, and the hooks that are called for them, require."""
    names: Set[str] = set()
    for each in invocations:
        names |= each.definition.required_resource_keys
    for hook in plan.pipeline.hooks:
        names |= hook.required_resource_keys
    return names


@contextlib.contextmanager
def set_up(
    plan: Plan, invocations: Iterable[SolidInvocation], settings: Settings, emit: Emit
) -> Iterator[Dict[str, Any]]:
    """Set up the resources that ``invocations`` and the hooks require, for the ``with``; gives them by name.

    Raises what a set-up raises, after the tear-down of those before it. What a tear-down raises is told as an event,
    and the others are torn down all the same.
    """

    def failed(name: str, error: BaseException) -> None:
        data = {"level": "ERROR", "message": f"The resource {name!r} could not be torn down."}
        emit(Event(EventType.LOG, None, data, error))

    common = {"run_id": settings.run_id, "tags": settings.tags, "log": logger(emit)}
    given, names = settings.resources, _required(plan, invocations)
    pipeline = plan.pipeline
    definitions = {
        name: one
        for name, one in pipeline.resource_defs.items()
        if isinstance(one, ResourceDefinition) and name not in given
    }
    made: Dict[str, Any] = {}
    with contextlib.ExitStack() as stack:
        for name in ordered(pipeline.name, definitions, sorted(names), pipeline.position):
            if name not in definitions:
                made[name] = given.get(name, pipeline.resource_defs.get(name))
                continue
            definition = definitions[name]
            needed = {other: made[other] for other in definition.required_resource_keys}
            context = InitResourceContext(plan.configuration.of_resource(name), resources=needed, **common)
            value = call(definition.function, *((context,) if takes_an_argument(definition.function) else ()))
            if isinstance(value, GeneratorType):
                generator = value
                value = _first(name, generator)
                stack.callback(_tear_down, name, generator, failed)
            made[name] = value
        yield made


def _first(name: str, generator: "GeneratorType[Any, Any, Any]") -> Any:
    try:
        return call(next, generator)
    except StopIteration:
        raise RunError(ErrorKind.RESOURCE_NOT_PLAIN, resource=name, count="nothing") from None


def _tear_down(name: str, generator: "GeneratorType[Any, Any, Any]", failed: TearDownFailed) -> None:
    try:
        try:
            call(next, generator)
        except StopIteration:
            return
        generator.close()
        raise RunError(ErrorKind.RESOURCE_NOT_PLAIN, resource=name, count="more than once")
    except Exception as error:
        failed(name, error)
