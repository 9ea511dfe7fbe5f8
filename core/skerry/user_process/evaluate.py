"""Evaluates a schedule or sensor of the code that this process has loaded; every outcome is a message."""

import dataclasses
from typing import Dict, Iterable, Sequence, Union

from skerry.definitions import RepositoryDefinition, ScheduleDefinition, SensorDefinition
from skerry.definitions.contexts import SensorEvaluationContext
from skerry.definitions.evaluating import Outcome, evaluate_schedule, evaluate_sensor
from skerry.errors import ErrorKind, LocationError
from skerry.model import ErrorInfo, Evaluation, EvaluationResult, RequestedRun
from skerry.pipe import Message
from skerry.user_process.tracebacks import describe_exception, exit_words

_EXIT_ADVICE = "Return instead: a SkipReason says why no run is asked for."


def evaluate(repositories: Sequence[RepositoryDefinition], request: Message) -> Message:
    """Evaluate what the message asks for, in the main thread of a process that is for this alone."""
    evaluation = Evaluation.from_json(request["evaluation"])
    try:
        return _evaluated(_result(_outcome(repositories, evaluation)))
    except BaseException as error:  # sys.exit() and KeyboardInterrupt in user code are its failure, not our end
        return _evaluated(EvaluationResult(error=_error_info(error, evaluation)))


def _evaluated(result: EvaluationResult) -> Message:
    return {"type": "evaluated", "result": result.to_json()}


def _outcome(repositories: Sequence[RepositoryDefinition], evaluation: Evaluation) -> Outcome:
    found = _find(repositories, evaluation)
    if isinstance(found, ScheduleDefinition):
        return evaluate_schedule(found, evaluation.repository, evaluation.scheduled_execution_time)
    context = SensorEvaluationContext(
        evaluation.cursor,
        last_completion_time=evaluation.last_completion_time,
        last_run_key=evaluation.last_run_key,
    )
    return evaluate_sensor(found, evaluation.repository, context)


def _find(
    repositories: Sequence[RepositoryDefinition], evaluation: Evaluation
) -> Union[ScheduleDefinition, SensorDefinition]:
    """Find what is to be evaluated. Raises LocationError, or what its definition has failed with."""
    repository = next((one for one in repositories if one.name == evaluation.repository), None)
    if repository is None:
        raise _not_found(evaluation, f"Its repositories are: {_listed(one.name for one in repositories)}.")
    contents = repository.definitions()
    triggers: Dict[str, Sequence[Union[ScheduleDefinition, SensorDefinition]]] = {
        "schedule": contents.schedules,
        "sensor": contents.sensors,
    }
    candidates = triggers.get(evaluation.type, ())
    for trigger in candidates:
        if trigger.name == evaluation.name:
            return trigger
    for failure in contents.failures:
        if (failure.name, failure.type) == (evaluation.name, evaluation.type):
            raise failure.error
    raise _not_found(evaluation, f"The {evaluation.type}s there are: {_listed(one.name for one in candidates)}.")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"


def _not_found(evaluation: Evaluation, known: str) -> LocationError:
    return LocationError(
        ErrorKind.DEFINITION_NOT_FOUND,
        type=evaluation.type,
        name=evaluation.name,
        repository=evaluation.repository,
        known=known,
    )


def _result(outcome: Outcome) -> EvaluationResult:
    runs = tuple(RequestedRun(run.run_key, run.run_config, run.tags) for run in outcome.runs)
    return EvaluationResult(runs, outcome.skip_reason, outcome.cursor)


def _error_info(error: BaseException, evaluation: Evaluation) -> ErrorInfo:
    if isinstance(error, LocationError):
        return ErrorInfo(error.kind, str(error))
    info = describe_exception(error)
    if isinstance(error, SystemExit):
        words = exit_words(error, f"{evaluation.words} was evaluated", _EXIT_ADVICE)
        return dataclasses.replace(info, message=words)
    return info
