"""Which repositories a module offers."""

from types import FunctionType, ModuleType
from typing import Any, Dict, Iterable, Iterator, List, Optional, Sequence, Set, Tuple, Type, TypeVar

from skerry.definitions import Definition, Failure, PipelineDefinition, RepositoryDefinition
from skerry.definitions.base import words_for
from skerry.definitions.signature import required
from skerry.errors import ErrorKind, LocationError

DefinitionType = TypeVar("DefinitionType", bound=Definition)

_MISSING = object()


def discover(
    module: ModuleType, target: str, attribute: Optional[str], collected: Sequence[Failure]
) -> Tuple[RepositoryDefinition, ...]:
    """Give the repositories of a loaded module, their definitions built: all, or the one that ``attribute`` names.

    Called by the loader, in the user process's main thread, within the ``collect_failures()`` that gave
    ``collected`` and in which the module was imported: what is listed by no repository of the module is added to the
    first one given. ``target`` names the module in errors. Raises LocationError, the failure of a pipeline that
    stands alone, and whatever user code raises when its functions are called.
    """
    repositories = list(_of_type(module, RepositoryDefinition).values())
    if attribute is not None:
        chosen = [_named(module, target, attribute, repositories)]
    elif repositories:
        _check_names(target, repositories)
        chosen = repositories
    else:
        chosen = [_only_pipeline(module, target, collected)]
    for repository in chosen:
        repository.definitions()
    unlisted = _unlisted([*chosen, *repositories], collected)
    if unlisted:
        chosen[0] = chosen[0].with_failures(unlisted)
    return tuple(chosen)


def _of_type(module: ModuleType, wanted: Type[DefinitionType]) -> Dict[str, DefinitionType]:
    """Give the definitions in a module's namespace, each once, under the first attribute that holds it."""
    found: Dict[str, DefinitionType] = {}
    seen: Set[int] = set()
    for name, value in list(vars(module).items()):
        if isinstance(value, wanted) and id(value) not in seen:
            seen.add(id(value))
            found[name] = value
    return found


def _check_names(target: str, repositories: Sequence[RepositoryDefinition]) -> None:
    by_name: Dict[str, RepositoryDefinition] = {}
    for repository in repositories:
        first = by_name.setdefault(repository.name, repository)
        if first is not repository:
            raise LocationError(
                ErrorKind.DUPLICATE_REPOSITORY,
                target=target,
                name=repository.name,
                first=str(first.position),
                second=str(repository.position),
            )


def _only_pipeline(module: ModuleType, target: str, collected: Sequence[Failure]) -> RepositoryDefinition:
    pipelines = _of_type(module, PipelineDefinition)
    if len(pipelines) > 1:
        raise LocationError(ErrorKind.SEVERAL_PIPELINES, target=target, count=len(pipelines), names=_listed(pipelines))
    for pipeline in pipelines.values():
        return _wrapped(pipeline)
    for failure in collected:
        # Nothing can be shown beside it, so the user's own error is the answer.
        raise failure.error
    others = [words_for(value) for value in _of_type(module, Definition).values()]
    found = f"; it defines {_listed(others)}" if others else ""
    raise LocationError(ErrorKind.NOTHING_FOUND, target=target, found=found)


def _named(
    module: ModuleType, target: str, attribute: str, repositories: Sequence[RepositoryDefinition]
) -> RepositoryDefinition:
    value: Any = getattr(module, attribute, _MISSING)
    usable = isinstance(value, (RepositoryDefinition, PipelineDefinition)) or _is_function(value)
    by_own_name = [repository for repository in repositories if repository.name == attribute]
    if by_own_name and not usable:
        _check_names(target, by_own_name)
        return by_own_name[0]
    if value is _MISSING:
        raise LocationError(
            ErrorKind.ATTRIBUTE_NOT_FOUND,
            target=target,
            attribute=attribute,
            attributes=_listed(_usable_attributes(module)),
            repositories=_listed(repository.name for repository in repositories),
        )
    found = words_for(value)
    if usable and isinstance(value, FunctionType) and required(value):
        found = f"a function that needs arguments ({', '.join(required(value))})"
    elif usable and not isinstance(value, Definition):
        value = value()
        found = f"a function that returned {words_for(value)}"
    if isinstance(value, RepositoryDefinition):
        return value
    if isinstance(value, PipelineDefinition):
        return _wrapped(value)
    raise LocationError(ErrorKind.ATTRIBUTE_NOT_USABLE, attribute=attribute, target=target, found=found)


def _is_function(value: Any) -> bool:
    """Tell functions, and objects that act as such, from classes and from solids, which can be called too."""
    return callable(value) and not isinstance(value, (type, Definition))


def _usable_attributes(module: ModuleType) -> Iterator[str]:
    for name, value in vars(module).items():
        own = isinstance(value, FunctionType) and value.__module__ == module.__name__ and not name.startswith("_")
        if isinstance(value, (RepositoryDefinition, PipelineDefinition)) or (own and not required(value)):
            yield name


def _wrapped(pipeline: PipelineDefinition) -> RepositoryDefinition:
    if pipeline.failure:
        raise pipeline.failure
    return RepositoryDefinition.of_pipeline(pipeline)


def _unlisted(repositories: Sequence[RepositoryDefinition], collected: Sequence[Failure]) -> List[Failure]:
    """Give the collected failures that none of the repositories tells of, as such or as the cause of another."""
    if not collected:
        return []
    told: Set[int] = set()
    for repository in repositories:
        try:
            failures = repository.definitions().failures
        except Exception:
            # Only a repository that `attribute` did not choose gets here: its errors are not asked for.
            continue
        for failure in failures:
            told.update(id(error) for error in _with_causes(failure.error))
    return [failure for failure in collected if id(failure.error) not in told]


def _with_causes(error: Optional[BaseException]) -> Iterator[BaseException]:
    seen: Set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _listed(names: Iterable[str]) -> str:
    """Join names for a sentence, as many as can be read."""
    every = list(names)
    shown = ", ".join(every[:10]) or "none"
    return f"{shown} and {len(every) - 10} more" if len(every) > 10 else shown
