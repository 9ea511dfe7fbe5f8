"""Solids that are run again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from skerry import Backoff, DefinitionError, RetryPolicy, RetryRequested, RunError, pipeline, solid
from skerry.execution import EventType
from skerry.execution.in_process import InProcessResult


def result_of(function: Callable[..., Any], policy: RetryPolicy | None = None) -> InProcessResult:
    made = solid(name="make", retry_policy=policy)(function)

    @pipeline
    def daily() -> None:
        made()

    return daily.execute_in_process(raise_on_error=False)


def failing(times: int, error: BaseException) -> Callable[..., Any]:
    def function(context: Any) -> Any:
        if context.retry_number < times:
            raise error
        return context.retry_number

    return function


def retries(result: InProcessResult) -> list[tuple[int, float]]:
    return [
        (event.data["retry"], event.data["seconds"]) for event in result.events if event.type is EventType.SOLID_RETRIED
    ]


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (RetryPolicy(3), [(1, 0.0), (2, 0.0), (3, 0.0)]),
        (RetryPolicy(3, 0.01), [(1, 0.01), (2, 0.01), (3, 0.01)]),
        (RetryPolicy(3, 0.01, Backoff.LINEAR), [(1, 0.01), (2, 0.02), (3, 0.03)]),
        (RetryPolicy(3, 0.01, Backoff.EXPONENTIAL), [(1, 0.01), (2, 0.02), (3, 0.04)]),
    ],
)
def test_it_is_run_again_after_growing_delays(policy: RetryPolicy, expected: list[tuple[int, float]]) -> None:
    result = result_of(failing(3, OSError("away")), policy)
    assert result.success
    assert result.output_for("make") == 3
    assert [number for number, _ in retries(result)] == [number for number, _ in expected]
    assert [seconds for _, seconds in retries(result)] == pytest.approx([seconds for _, seconds in expected])
    # The event of the retry says when it is to be, that of the start comes then.
    assert result.events_of("make").count(EventType.SOLID_STARTED) == 4


def test_no_delay_is_longer_than_a_day() -> None:
    assert RetryPolicy(2000, 1.0, Backoff.EXPONENTIAL).seconds_before(1500) == 24 * 3600


def test_when_the_retries_are_used_up_it_has_failed() -> None:
    result = result_of(failing(3, OSError("away")), RetryPolicy(2))
    assert isinstance(result.error, OSError)
    assert result.events_of("make")[-1] is EventType.SOLID_FAILED


def test_a_solid_may_ask_for_it_itself() -> None:
    result = result_of(failing(2, RetryRequested(max_retries=2, seconds_to_wait=0.01)))
    assert result.success
    assert retries(result) == [(1, 0.01), (2, 0.01)]
    assert isinstance(result_of(failing(2, RetryRequested())).error, RetryRequested)


@pytest.mark.parametrize("error", [SystemExit(1)])
def test_what_is_no_exception_is_not_tried_again(error: BaseException) -> None:
    assert retries(result_of(failing(1, error), RetryPolicy(2))) == []


def test_what_skerry_finds_wrong_is_not_tried_again() -> None:
    made = solid(name="make", outputs=["a", "b"], retry_policy=RetryPolicy(2))(lambda: 3)

    @pipeline
    def daily() -> None:
        made()

    result = daily.execute_in_process(raise_on_error=False)
    assert isinstance(result.error, RunError)
    assert retries(result) == []


def test_others_run_while_one_waits() -> None:
    order = []

    @solid(retry_policy=RetryPolicy(1, delay=0.05))
    def unsteady(context: Any) -> None:
        order.append(f"unsteady {context.retry_number}")
        if not context.retry_number:
            raise OSError

    @solid
    def steady() -> None:
        order.append("steady")

    @pipeline
    def daily() -> None:
        unsteady()
        steady()

    assert daily.execute_in_process().success
    assert order == ["unsteady 0", "steady", "unsteady 1"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"max_retries": -1}, "`max_retries` is -1.\nGive a whole number"),
        ({"max_retries": True}, "`max_retries` is True."),
        ({"delay": "1"}, "`delay` is '1'.\nGive a number of seconds, at most a day."),
        ({"delay": float("nan")}, "`delay` is nan."),
        ({"delay": 90000}, "`delay` is 90000."),
        ({"backoff": "linear"}, "`backoff` is 'linear'.\nGive Backoff.LINEAR or Backoff.EXPONENTIAL"),
    ],
)
def test_a_policy_that_cannot_be(arguments: dict[str, Any], words: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        RetryPolicy(**arguments)
    assert words in str(caught.value)
    assert caught.value.file == __file__
    with pytest.raises(DefinitionError, match=r"`retry_policy` of the solid 'make' is 3\.\nGive a RetryPolicy\."):
        solid(name="make", retry_policy=3)(lambda: 3)  # type: ignore[call-overload]
