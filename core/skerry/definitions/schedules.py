"""Schedules: pipelines started by the clock."""

from typing import Any, Callable, ClassVar, Mapping, Optional, Union

from skerry.definitions import base, cron, messages, position, signature
from skerry.definitions.collecting import attempt
from skerry.definitions.messages import invalid
from skerry.definitions.pipelines import PipelineDefinition
from skerry.definitions.position import Position
from skerry.definitions.triggers import TriggerDefinition, chosen_pipeline


class ScheduleDefinition(TriggerDefinition):
    """A schedule, made by ``@schedule``. ``timezone``: an IANA name, or None for UTC."""

    type: ClassVar[str] = "schedule"
    cron_schedule: str = ""
    timezone: Optional[str] = None
    tags: Mapping[str, str] = {}

    def __init__(
        self,
        function: Callable[..., Any],
        *,
        cron_schedule: Optional[str],
        pipeline: Union[PipelineDefinition, str, None] = None,
        job: Union[PipelineDefinition, str, None] = None,
        pipeline_name: Optional[str] = None,
        name: Optional[str] = None,
        timezone: Optional[str] = None,
        description: Optional[str] = None,
        tags: Optional[Mapping[str, str]] = None,
    ) -> None:
        """Check what the decorator was given. Raises DefinitionError."""
        found = base.user_function(self.type, function)
        at = position.of_function(found)
        name = base.checked_name(self.type, function.__name__ if name is None else name, at)
        self._fill(
            name=name,
            description=base.checked_description(self.type, name, description, at) or signature.description(found),
            file=at.file,
            line=at.line,
            function=function,
            cron_schedule=_checked_cron(name, cron_schedule, at),
            timezone=_checked_timezone(name, timezone, at),
            tags=base.checked_tags(self.type, name, tags, at),
            pipeline=chosen_pipeline(
                self.type, name, {"pipeline": pipeline, "job": job, "pipeline_name": pipeline_name}, at
            ),
        )


def schedule(
    function: Optional[Callable[..., Any]] = None,
    *,
    cron_schedule: Optional[str] = None,
    pipeline: Union[PipelineDefinition, str, None] = None,
    job: Union[PipelineDefinition, str, None] = None,
    pipeline_name: Optional[str] = None,
    name: Optional[str] = None,
    timezone: Optional[str] = None,
    execution_timezone: Optional[str] = None,
    description: Optional[str] = None,
    tags: Optional[Mapping[str, str]] = None,
) -> Callable[[Callable[..., Any]], ScheduleDefinition]:
    """Make a function a schedule; used as ``@schedule(cron_schedule="0 6 * * *", pipeline=...)``.

    ``cron_schedule``: five fields, or a nickname such as ``@daily``. ``pipeline``, or ``job``: what it starts, or
    its name (also ``pipeline_name``). ``timezone``, or ``execution_timezone``: an IANA name; UTC by default.
    Raises DefinitionError.
    """

    def decorate(function: Callable[..., Any]) -> ScheduleDefinition:
        return attempt(
            ScheduleDefinition,
            function,
            name,
            lambda: ScheduleDefinition(
                function,
                cron_schedule=cron_schedule,
                pipeline=pipeline,
                job=job,
                pipeline_name=pipeline_name,
                name=name,
                timezone=execution_timezone if timezone is None else timezone,
                description=description,
                tags=tags,
            ),
        )

    applied: Callable[[Callable[..., Any]], ScheduleDefinition] = base.decorated(
        ScheduleDefinition.type, function, decorate
    )
    return applied


def _checked_cron(name: str, cron_schedule: Any, at: Position) -> str:
    if cron_schedule is None:
        raise invalid(messages.NO_CRON, name=name, at=at)
    reason = cron.fault(cron_schedule) if isinstance(cron_schedule, str) else "it is no text"
    if reason:
        shown, nicknames = base.words_for(cron_schedule), ", ".join(cron.NICKNAMES)
        raise invalid(messages.BAD_CRON, name=name, at=at, cron=shown, reason=reason, nicknames=nicknames)
    return str(cron_schedule)


def _checked_timezone(name: str, timezone: Any, at: Position) -> Optional[str]:
    if timezone is None:
        return None
    if not isinstance(timezone, str) or not timezone.strip() or not _may_exist(timezone):
        raise invalid(messages.BAD_TIMEZONE, name=name, at=at, found=base.words_for(timezone))
    return timezone


def _may_exist(timezone: str) -> bool:
    """Tell whether a time zone exists; True where that cannot be known (CPython 3.8, no time zone database)."""
    try:
        # Most modules define no schedule with a time zone, and need not pay for this.
        from zoneinfo import ZoneInfo
    except ImportError:
        return True
    for name, answer in ((timezone, True), ("UTC", False)):
        try:
            ZoneInfo(name)
        # A name that is no key raises ValueError; one that is a folder of the database, OSErrors of several kinds.
        except (KeyError, ValueError, OSError):
            continue
        return answer
    return True
