"""Repositories: named collections of pipelines, schedules and sensors."""

from typing import Any, Callable, ClassVar, Optional, Sequence, overload

from skerry.definitions import base, messages, position, repository_contents, signature
from skerry.definitions.collecting import Failure
from skerry.definitions.messages import invalid
from skerry.definitions.pipelines import PipelineDefinition
from skerry.definitions.repository_contents import RepositoryContents


class RepositoryDefinition(base.Definition):
    """A repository, made by ``@repository``. Its function is called when ``definitions`` is, and not before."""

    type: ClassVar[str] = "repository"
    function: Callable[[], Any]
    _contents: Optional[RepositoryContents] = None

    def __init__(
        self, function: Callable[[], Any], *, name: Optional[str] = None, description: Optional[str] = None
    ) -> None:
        """Take the function that will give the contents. Raises DefinitionError."""
        found = base.user_function(self.type, function)
        at = position.of_function(found)
        name = base.checked_name(self.type, function.__name__ if name is None else name, at)
        parameters = signature.variadic(found) or ", ".join(signature.required(found))
        if parameters:
            raise invalid(messages.REPOSITORY_TAKES_ARGUMENTS, name=name, at=at, parameters=parameters)
        self._fill(
            name=name,
            description=base.checked_description(self.type, name, description, at) or signature.description(found),
            file=at.file,
            line=at.line,
            function=function,
        )

    @classmethod
    def of_pipeline(cls, pipeline: PipelineDefinition) -> "RepositoryDefinition":
        """Wrap one pipeline in a repository of its name. Called by discovery."""
        wrapper = cls.__new__(cls)
        wrapper._fill(name=pipeline.name, file=pipeline.file, line=pipeline.line, function=lambda: [pipeline])
        return wrapper

    def with_failures(self, failures: Sequence[Failure]) -> "RepositoryDefinition":
        """Give a copy that also tells of ``failures``. Called by discovery, for what no repository lists."""
        contents = self.definitions()
        copy = type(self).__new__(type(self))
        copy._fill(**{**vars(self), "_contents": contents._replace(failures=(*contents.failures, *failures))})
        return copy

    def definitions(self) -> RepositoryContents:
        """Call the function, build what it builds lazily, and sort the good from the failed; remembered.

        Called by discovery, once. Raises what the function raises, and DefinitionError if it returns neither a list
        nor a dict. Whatever is wrong with a single definition is among the ``failures`` of the result.
        """
        if self._contents is None:
            self._fill(_contents=repository_contents.sort(self.name, self.position, self.function()))
        assert self._contents is not None
        return self._contents


@overload
def repository(function: Callable[[], Any]) -> RepositoryDefinition: ...


@overload
def repository(
    *, name: Optional[str] = None, description: Optional[str] = None
) -> Callable[[Callable[[], Any]], RepositoryDefinition]: ...


def repository(
    function: Optional[Callable[[], Any]] = None, *, name: Optional[str] = None, description: Optional[str] = None
) -> Any:
    """Make a function a repository; used as ``@repository`` or ``@repository(name=..., ...)``.

    The function takes nothing and returns a list of pipelines, schedules and sensors, or a dict of dicts:
    ``{"pipelines": {"name": definition or function without arguments}, "schedules": ..., "sensors": ...}``
    (``jobs`` is the newer name of ``pipelines``). ``description``: the docstring by default. Raises DefinitionError.
    """

    def decorate(function: Callable[[], Any]) -> RepositoryDefinition:
        return RepositoryDefinition(function, name=name, description=description)

    return base.decorated(RepositoryDefinition.type, function, decorate)
