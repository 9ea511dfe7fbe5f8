"""What a solid learns about its run, and what it tells of itself."""

from __future__ import annotations

import logging
import sys
from typing import Any

import pytest

from skerry import RunError, SolidExecutionContext, pipeline, solid
from skerry.execution import EventType


def test_the_context_tells_of_the_run() -> None:
    seen: dict[str, Any] = {}

    @solid(tags={"own": "not the run's"})
    def tell(context: SolidExecutionContext) -> None:
        seen.update(vars(context), config=context.op_config)

    @pipeline(tags={"team": "blue", "by": "nobody"})
    def daily() -> None:
        tell.alias("told")()

    daily.execute_in_process(run_id="mine", tags={"by": "me"})
    assert (seen["run_id"], seen["tags"]) == ("mine", {"team": "blue", "by": "me"})
    assert (seen["pipeline_name"], seen["solid_name"], seen["retry_number"]) == ("daily", "told", 0)
    assert (seen["solid_config"], seen["config"]) == (None, None)


def test_each_run_has_an_id_of_its_own() -> None:
    @pipeline
    def daily() -> None: ...

    assert daily.execute_in_process().run_id != daily.execute_in_process().run_id


def test_what_is_logged_becomes_events_and_goes_nowhere_else(caplog: pytest.LogCaptureFixture) -> None:
    @solid
    def talk(context: SolidExecutionContext) -> None:
        context.log.debug("at %s", "night")
        context.log.warning("late")
        context.progress(0.25, "a quarter")
        context.progress(7)
        try:
            raise ValueError("no")
        except ValueError:
            context.log.exception("it was")

    @pipeline
    def daily() -> None:
        talk()

    events = daily.execute_in_process().events
    told = [event for event in events if event.type in (EventType.LOG, EventType.PROGRESS)]
    assert [dict(event.data) for event in told] == [
        {"level": "DEBUG", "message": "at night"},
        {"level": "WARNING", "message": "late"},
        {"fraction": 0.25, "text": "a quarter"},
        {"fraction": 1.0, "text": ""},
        {"level": "ERROR", "message": "it was"},
    ]
    assert [event.solid for event in told] == ["talk"] * 5
    assert isinstance(told[-1].error, ValueError)
    assert caplog.records == []


def test_a_context_made_by_hand_is_enough_for_a_test(caplog: pytest.LogCaptureFixture) -> None:
    @solid
    def talk(context: SolidExecutionContext) -> Any:
        context.log.info("hello")
        context.progress(0.5)
        return context.solid_config["n"]

    with caplog.at_level(logging.INFO):
        assert talk(SolidExecutionContext({"n": 3})) == 3
    assert caplog.messages == ["hello"]


SCHEMA = {
    "type": "object",
    "properties": {
        "number": {"type": "integer"},
        "unit": {"type": "string", "default": "kg"},
        "deep": {"type": "object", "properties": {"level": {"type": "integer", "default": 2}}},
    },
    "required": ["number"],
    "additionalProperties": False,
}


@solid(config_schema=SCHEMA)
def weigh(context: SolidExecutionContext) -> Any:
    return context.solid_config


@solid(config_schema={"type": "object", "default": {"a": 1}})
def free(context: SolidExecutionContext) -> Any:
    return context.solid_config


@pipeline
def market() -> None:
    weigh()
    free()


def config(**weigh: Any) -> dict[str, Any]:
    return {"solids": {"weigh": {"config": weigh}}}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"number": 3}, {"number": 3, "unit": "kg", "deep": {"level": 2}}),
        ({"number": 3, "unit": "t"}, {"number": 3, "unit": "t", "deep": {"level": 2}}),
        ({"number": 3, "deep": {"level": 0}}, {"number": 3, "unit": "kg", "deep": {"level": 0}}),
    ],
)
def test_it_has_its_part_of_the_run_config_with_its_defaults(given: Any, expected: Any) -> None:
    result = market.execute_in_process(config(**given))
    assert result.output_for("weigh") == expected
    assert result.output_for("free") == {"a": 1}


@pytest.mark.parametrize(
    ("given", "problems"),
    [
        ({}, ["- the run config: 'solids' is a required property"]),
        (config(number="3"), ["- solids.weigh.config.number: '3' is not of type 'integer'"]),
        (
            config(unit=3, colour="red"),
            [
                "- solids.weigh.config: 'number' is a required property",
                "- solids.weigh.config: Additional properties are not allowed ('colour' was unexpected)",
                "- solids.weigh.config.unit: 3 is not of type 'string'",
            ],
        ),
        ({**config(number=3), "solid": {}}, ["Additional properties are not allowed ('solid' was unexpected)"]),
    ],
)
def test_a_run_config_that_does_not_fit_starts_nothing(given: Any, problems: list[str]) -> None:
    with pytest.raises(RunError) as caught:
        market.execute_in_process(given)
    words = str(caught.value)
    assert words.startswith("The run config of the pipeline 'market' is wrong:\n")
    for problem in problems:
        assert problem in words
    assert len(words.splitlines()) == 1 + len(problems)


def test_what_takes_no_config_is_given_none() -> None:
    @pipeline
    def plain() -> None: ...

    with pytest.raises(RunError, match=r"\('solids' was unexpected\)"):
        plain.execute_in_process({"solids": {}})


def test_where_jsonschema_is_missing_that_is_said(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "jsonschema", None)
    assert market.execute_in_process(config(number="3")).output_for("weigh")["number"] == "3"
    assert "The run config of market is not validated: jsonschema is not installed here." in caplog.text
