"""Evaluates a schedule or sensor: calls its function, and checks what it answers."""

import json
from datetime import datetime, timezone, tzinfo
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Tuple

from skerry.definitions import base, messages
from skerry.definitions.contexts import ScheduleEvaluationContext, SensorEvaluationContext, checked_cursor
from skerry.definitions.json_values import copied, first_fault
from skerry.definitions.messages import invalid
from skerry.definitions.requests import Answer, RunRequest, SensorResult, SkipReason
from skerry.definitions.schedules import ScheduleDefinition
from skerry.definitions.sensors import SensorDefinition
from skerry.definitions.signature import takes_an_argument
from skerry.definitions.triggers import TriggerDefinition

#: Bytes of a requested run as JSON: it is stored, and sent in one message.
RUN_LIMIT = 512 * 1024


class CheckedRun(NamedTuple):
    """A run that was asked for: texts, and plain JSON that user code cannot reach any more."""

    run_key: Optional[str]
    run_config: Dict[str, Any]
    tags: Dict[str, str]


class Outcome(NamedTuple):
    """What came of an evaluation: runs, or none and perhaps a reason. ``cursor``: a sensor's for the next one."""

    runs: Tuple[CheckedRun, ...] = ()
    skip_reason: Optional[str] = None
    cursor: Optional[str] = None


def evaluate_schedule(schedule: ScheduleDefinition, repository: str, at: Optional[float]) -> Outcome:
    """Evaluate a schedule that is due ``at``, in seconds since the epoch.

    Raises DefinitionError when it answers what a schedule cannot, and whatever its function raises.
    """
    due = None if at is None else datetime.fromtimestamp(at, _zone(schedule.timezone))
    context = ScheduleEvaluationContext(due, repository_name=repository, schedule_name=schedule.name)
    returned = _call(schedule, context)
    if isinstance(returned, Mapping):
        returned = RunRequest(run_config=returned)
        returned.position = schedule.position
    return _outcome(schedule, _answers(schedule, returned, (RunRequest, SkipReason)), schedule.tags)


def evaluate_sensor(sensor: SensorDefinition, repository: str, context: SensorEvaluationContext) -> Outcome:
    """Evaluate a sensor. Raises DefinitionError when it answers what a sensor cannot, and what its function raises."""
    context.repository_name, context.sensor_name = repository, sensor.name
    answers = _answers(sensor, _call(sensor, context), (RunRequest, SkipReason, SensorResult))
    result = next((answer for answer in answers if isinstance(answer, SensorResult)), None)
    if result is None:
        return _outcome(sensor, answers, {})._replace(cursor=context.cursor)
    if len(answers) > 1:
        raise invalid(messages.RESULT_NOT_ALONE, name=sensor.name, at=result.position)
    cursor = context.cursor
    if result.cursor is not None:
        if context.cursor_updated:
            raise invalid(messages.CURSOR_TWICE, name=sensor.name, at=result.position)
        cursor = checked_cursor(sensor.name, result.cursor, result.position)
    return _outcome(sensor, _parts(sensor, result), {})._replace(cursor=cursor)


def _call(trigger: TriggerDefinition, context: Any) -> Any:
    return trigger.function(context) if takes_an_argument(trigger.function) else trigger.function()


def _zone(name: Optional[str]) -> tzinfo:
    if name is not None:
        try:
            from zoneinfo import ZoneInfo

            return ZoneInfo(name)
        except (ImportError, KeyError, ValueError, OSError):  # CPython 3.8, or an environment without the database
            pass
    return timezone.utc


def _answers(trigger: TriggerDefinition, returned: Any, allowed: Tuple[type, ...]) -> List[Answer]:
    """Give what a function has answered one by one; this runs the body of a generator."""
    if returned is None:
        return []
    if isinstance(returned, Answer):
        items = [returned]
    elif isinstance(returned, (list, tuple)) or hasattr(returned, "__next__"):
        items = [item for item in returned if item is not None]
    else:
        items = [returned]
    for item in items:
        if not isinstance(item, allowed):
            raise _not_an_answer(trigger, item)
    return items


def _parts(sensor: SensorDefinition, result: SensorResult) -> List[Answer]:
    """Give what a SensorResult holds."""
    requests = [] if result.run_requests is None else result.run_requests
    if not isinstance(requests, (list, tuple)):
        raise _not_an_answer(sensor, requests)
    for request in requests:
        if not isinstance(request, RunRequest):
            raise _not_an_answer(sensor, request)
    if result.skip_reason is None:
        return list(requests)
    reason = result.skip_reason
    if not isinstance(reason, SkipReason):
        reason = SkipReason(reason)
        reason.position = result.position
    return [*requests, reason]


def _not_an_answer(trigger: TriggerDefinition, found: Any) -> Exception:
    words = messages.NOT_AN_ANSWER[trigger.type]
    return invalid(words, name=trigger.name, at=trigger.position, found=base.words_for(found))


def _outcome(trigger: TriggerDefinition, answers: List[Answer], tags: Mapping[str, str]) -> Outcome:
    requests = [answer for answer in answers if isinstance(answer, RunRequest)]
    reasons = [answer for answer in answers if isinstance(answer, SkipReason)]
    if len(reasons) > 1 or (reasons and requests):
        words = messages.SKIP_AND_RUNS if requests else messages.SKIPPED_TWICE
        raise invalid(words, name=trigger.name, at=reasons[-1].position, type=trigger.type)
    return Outcome(
        tuple(_checked_run(trigger, request, tags) for request in requests),
        _checked_reason(trigger, reasons[0]) if reasons else None,
    )


def _checked_reason(trigger: TriggerDefinition, reason: SkipReason) -> Optional[str]:
    found = reason.skip_message
    if found is None or isinstance(found, str):
        return found
    fields = {"type": trigger.type, "found": base.words_for(found)}
    raise invalid(messages.SKIP_NOT_TEXT, name=trigger.name, at=reason.position, **fields)


def _checked_run(trigger: TriggerDefinition, request: RunRequest, tags: Mapping[str, str]) -> CheckedRun:
    fields: Dict[str, Any] = {"name": trigger.name, "at": request.position, "type": trigger.type}
    if request.run_key is not None and not isinstance(request.run_key, str):
        raise invalid(messages.RUN_KEY_NOT_TEXT, found=base.words_for(request.run_key), **fields)
    run_config = {} if request.run_config is None else request.run_config
    if not isinstance(run_config, Mapping):
        raise invalid(messages.RUN_CONFIG_NOT_MAPPING, found=base.words_for(run_config), **fields)
    run_config = dict(run_config)
    fault = first_fault(run_config, "run_config")
    if fault:
        raise invalid(messages.RUN_CONFIG_NOT_JSON, path=fault[0], found=base.words_for(fault[1]), **fields)
    own_tags = base.checked_tags(trigger.type, trigger.name, request.tags, request.position)
    run = CheckedRun(request.run_key, copied(run_config), {**tags, **own_tags})
    size = len(json.dumps(run))
    if size > RUN_LIMIT:
        raise invalid(messages.RUN_TOO_LARGE, size=size, limit=RUN_LIMIT, **fields)
    return run
