"""Evaluations as messages of ``skerry_v1.proto``, and back."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from skerry.model import Evaluation, EvaluationResult, RequestedRun
from skerry.rpc import skerry_v1_pb2 as messages
from skerry.rpc.fields import number, optional, optional_text, text
from skerry.rpc.wire_errors import NAME_LENGTH, read_error, write_error

#: Bytes of requested runs that are sent in one message, if one alone does not have more. (User processes let none have
#: more than ``skerry.definitions.evaluating.RUN_LIMIT``.)
PART_SIZE = 64 * 1024
#: Bytes of a reason, which people read.
REASON_LENGTH = 10_000


def write_evaluation(evaluation: Evaluation, timeout: float) -> messages.EvaluateRequest:
    """Give the request for an evaluation."""
    return messages.EvaluateRequest(
        repository=text(evaluation.repository, NAME_LENGTH),
        name=text(evaluation.name, NAME_LENGTH),
        type=text(evaluation.type, NAME_LENGTH),
        timeout_seconds=timeout,
        scheduled_execution_time=evaluation.scheduled_execution_time,
        cursor=optional_text(evaluation.cursor),
        last_completion_time=evaluation.last_completion_time,
        last_run_key=optional_text(evaluation.last_run_key),
    )


def read_evaluation(message: messages.EvaluateRequest) -> Evaluation:
    """Read what is to be evaluated."""
    return Evaluation(
        repository=message.repository,
        name=message.name,
        type=message.type,
        scheduled_execution_time=optional(message, "scheduled_execution_time"),
        cursor=optional(message, "cursor"),
        last_completion_time=optional(message, "last_completion_time"),
        last_run_key=optional(message, "last_run_key"),
    )


def write_result(result: EvaluationResult) -> list[messages.EvaluationPart]:
    """Give what came of an evaluation, in parts."""
    part = messages.EvaluationPart(
        result=messages.EvaluationResult(
            skip_reason=optional_text(result.skip_reason, REASON_LENGTH),
            cursor=optional_text(result.cursor),
            error=write_error(result.error) if result.error is not None else None,
            generation=number(result.generation),
        )
    )
    parts, room = [part], PART_SIZE
    for run in result.run_requests:
        message = _run(run)
        size = message.ByteSize()
        if size > room and parts[-1].run_requests:
            parts.append(messages.EvaluationPart())
            room = PART_SIZE
        parts[-1].run_requests.append(message)
        room -= size
    return parts


def read_result(parts: Iterable[messages.EvaluationPart]) -> EvaluationResult:
    """Read what came of an evaluation."""
    result = messages.EvaluationResult()
    runs: list[RequestedRun] = []
    for part in parts:
        if part.HasField("result"):
            result = part.result
        runs.extend(_read_run(run) for run in part.run_requests)
    return EvaluationResult(
        run_requests=tuple(runs),
        skip_reason=optional(result, "skip_reason"),
        cursor=optional(result, "cursor"),
        error=read_error(result.error) if result.HasField("error") else None,
        generation=optional(result, "generation"),
    )


def _run(run: RequestedRun) -> messages.RunRequest:
    return messages.RunRequest(
        run_key=optional_text(run.run_key),
        run_config=json.dumps(run.run_config),
        tags={text(key): text(value) for key, value in run.tags.items()},
    )


def _read_run(message: messages.RunRequest) -> RequestedRun:
    return RequestedRun(optional(message, "run_key"), _read_config(message.run_config), dict(message.tags))


def _read_config(written: str) -> dict[str, Any]:
    """Read a run config. Raises ValueError for what is none: a run must not begin with another."""
    config = json.loads(written) if written else {}
    if not isinstance(config, dict):
        raise ValueError("a run config is no JSON object")
    return config
