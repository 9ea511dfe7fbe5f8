"""What schedules and sensors may answer, what they are given, and what is wrong with any other answer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.user_code import Run, line_of

from skerry import DefinitionError, ScheduleEvaluationContext, SensorEvaluationContext
from skerry.definitions.contexts import CURSOR_LIMIT
from skerry.definitions.evaluating import RUN_LIMIT, CheckedRun, Outcome, evaluate_schedule, evaluate_sensor

#: Midsummer, when Berlin is two hours ahead of UTC.
JUNE = 1_750_000_000.0

#: Evaluates the schedule or sensor ``it`` of a piece of user code.
Evaluate = Callable[..., Outcome]


@pytest.fixture
def evaluate(run: Run) -> Evaluate:
    def run_and_evaluate(text: str, cursor: str | None = None) -> Outcome:
        it = run(text).it
        if it.type == "schedule":
            return evaluate_schedule(it, "sales", JUNE)
        return evaluate_sensor(it, "sales", SensorEvaluationContext(cursor, last_run_key="last"))

    return run_and_evaluate


SCHEDULE = '@schedule(cron_schedule="@daily", pipeline="work", tags={"team": "sales", "size": "small"})'


@pytest.mark.parametrize(
    ("body", "runs"),
    [
        ("return {}", [CheckedRun(None, {}, {"team": "sales", "size": "small"})]),
        (
            'return {"a": {"b": [1, None]}}',
            [CheckedRun(None, {"a": {"b": [1, None]}}, {"team": "sales", "size": "small"})],
        ),
        (
            'return RunRequest("k", {"a": 1}, {"size": "large"})',
            [CheckedRun("k", {"a": 1}, {"team": "sales", "size": "large"})],
        ),
        (
            'return [RunRequest("a"), RunRequest(run_key="b")]',
            [CheckedRun(key, {}, {"team": "sales", "size": "small"}) for key in ("a", "b")],
        ),
        (
            'yield RunRequest("a"); yield RunRequest("b")',
            [CheckedRun(key, {}, {"team": "sales", "size": "small"}) for key in ("a", "b")],
        ),
        ("return None", []),
        ("return []", []),
        ("return; yield", []),
        ("yield None", []),
    ],
)
def test_a_schedule_gives_a_run_config_or_asks_for_runs(evaluate: Evaluate, body: str, runs: list[CheckedRun]) -> None:
    assert evaluate(f"{SCHEDULE}\ndef it():\n    {body}\n") == Outcome(tuple(runs))


@pytest.mark.parametrize("kind", ["schedule", "sensor"])
@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ('return SkipReason("Nothing to do.")', "Nothing to do."),
        ('yield SkipReason("Nothing to do.")', "Nothing to do."),
        ("return SkipReason()", None),
    ],
)
def test_both_may_say_why_there_is_no_run(evaluate: Evaluate, kind: str, body: str, reason: str | None) -> None:
    head = SCHEDULE if kind == "schedule" else '@sensor(pipeline="work")'
    assert evaluate(f"{head}\ndef it():\n    {body}\n") == Outcome((), reason)


@pytest.mark.parametrize(
    ("body", "cursor"),
    [
        ('context.update_cursor("2"); return RunRequest("k")', "2"),
        ('context.update_cursor("2"); context.update_cursor(None); return RunRequest("k")', None),
        ('yield RunRequest("k"); context.update_cursor(context.cursor + "!")', "1!"),
        ('return SensorResult([RunRequest("k")], cursor="2")', "2"),
        ('return SensorResult([RunRequest("k")])', "1"),
        ('context.update_cursor("2"); yield SensorResult(run_requests=[RunRequest("k")])', "2"),
        ('return RunRequest("k")', "1"),
    ],
)
def test_a_sensor_leaves_a_cursor_for_the_next_time(evaluate: Evaluate, body: str, cursor: str | None) -> None:
    outcome = evaluate(f'@sensor(pipeline="work")\ndef it(context):\n    {body}\n', "1")
    assert outcome == Outcome((CheckedRun("k", {}, {}),), None, cursor)


def test_a_sensor_may_put_its_reason_into_its_result(evaluate: Evaluate) -> None:
    text = '@sensor(pipeline="work")\ndef it():\n    return SensorResult(skip_reason={}, cursor="2")\n'
    assert evaluate(text.format('"Nothing."')) == Outcome((), "Nothing.", "2")
    assert evaluate(text.format('SkipReason("Nothing.")')) == Outcome((), "Nothing.", "2")


@pytest.mark.parametrize(
    "signature",
    ["context", "_", "context=None", "*arguments", "context, other=1"],
)
def test_the_context_is_given_to_whoever_takes_an_argument(evaluate: Evaluate, signature: str) -> None:
    outcome = evaluate(f"""
        import functools

        def handing_on(function):
            @functools.wraps(function)
            def wrapper(*arguments, **named):
                return function(*arguments, **named)
            return wrapper

        @sensor(pipeline="work")
        @handing_on
        def it({signature}):
            given = list(locals().values())[0]
            return SkipReason(type(given[0] if isinstance(given, tuple) else given).__name__)
    """)
    assert outcome.skip_reason == "SensorEvaluationContext"


@pytest.mark.parametrize("decorator", ['@sensor(pipeline="work")', SCHEDULE])
def test_who_takes_no_argument_is_given_none(evaluate: Evaluate, decorator: str) -> None:
    assert evaluate(f'{decorator}\ndef it():\n    return SkipReason("called")\n').skip_reason == "called"


def test_the_contexts_tell_what_is_evaluated_and_what_was_before(evaluate: Evaluate) -> None:
    schedule = evaluate("""
        @schedule(cron_schedule="@daily", pipeline="work", timezone="Europe/Berlin")
        def it(context):
            return SkipReason(f"{context.repository_name} {context.schedule_name} {context.scheduled_execution_time}")
    """)
    assert schedule.skip_reason == "sales it 2025-06-15 17:06:40+02:00"
    sensor = evaluate("""
        @sensor(pipeline="work")
        def it(context):
            words = (context.repository_name, context.sensor_name, context.last_run_key, context.last_completion_time)
            return SkipReason(str(words))
    """)
    assert sensor.skip_reason == "('sales', 'it', 'last', None)"


def test_a_test_calls_them_with_a_context_made_by_hand(run: Run) -> None:
    module = run("""
        @sensor(pipeline="work")
        def new_orders(context):
            context.update_cursor(context.cursor + "!")
            return RunRequest(context.cursor)

        @schedule(cron_schedule="@daily", pipeline="work")
        def daily(context):
            return {"day": context.scheduled_execution_time.day}
    """)
    context = SensorEvaluationContext("1")
    assert module.new_orders(context).run_key == "1!"
    assert context.cursor_updated
    assert module.daily(ScheduleEvaluationContext(datetime(2026, 5, 17, tzinfo=UTC))) == {"day": 17}
    assert repr(module.new_orders(context)) == "RunRequest(run_key='1!!', run_config=None, tags=None)"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("return 42", "The sensor 'it' answered with 42.\nReturn a RunRequest, a SkipReason or a SensorResult;"),
        ("return {}", "The sensor 'it' answered with a value of type dict.\n"),
        ('yield RunRequest("k"); yield "k"', "The sensor 'it' answered with 'k'.\n"),
        ('return SensorResult("k")', "The sensor 'it' answered with 'k'.\n"),
        ("return SensorResult([SkipReason()])", "The sensor 'it' answered with a value of type SkipReason.\n"),
    ],
)
def test_a_sensor_may_answer_nothing_else(evaluate: Evaluate, tmp_path: Path, body: str, message: str) -> None:
    with pytest.raises(DefinitionError) as raised:
        evaluate(f'@sensor(pipeline="work")\ndef it():  # <-\n    {body}\n')
    assert str(raised.value).startswith(message)
    assert (raised.value.name, raised.value.line) == ("it", line_of(tmp_path / "user.py"))


def test_a_schedule_may_not_answer_as_a_sensor(evaluate: Evaluate) -> None:
    with pytest.raises(DefinitionError, match="The schedule 'it' answered with a value of type SensorResult"):
        evaluate(f"{SCHEDULE}\ndef it():\n    return SensorResult()\n")


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (
            'RunRequest("k", {"a": [{1}]})  # <-',
            "run_config['a'][0] of a RunRequest of the sensor 'it' is a value of type set.",
        ),
        ('RunRequest("k", {1: 2})  # <-', "a key in run_config of a RunRequest of the sensor 'it' is 1."),
        ('RunRequest("k", {"a": float("nan")})  # <-', "run_config['a'] of a RunRequest of the sensor 'it' is nan."),
        ('RunRequest("k", [1])  # <-', "The run_config of a RunRequest of the sensor 'it' is a value of type list."),
        ("RunRequest(7)  # <-", "The run_key of a RunRequest of the sensor 'it' is 7."),
        ('RunRequest("k", tags={"a": 1})  # <-', "The tags of the sensor 'it' hold 1."),
        (
            'RunRequest("k", {"a": "x" * 600_000})  # <-',
            f"A RunRequest of the sensor 'it' has 600020 bytes as JSON, over the limit of {RUN_LIMIT}.",
        ),
        ("SkipReason(7)  # <-", "The SkipReason of the sensor 'it' is 7."),
        ("SensorResult(skip_reason=7)  # <-", "The SkipReason of the sensor 'it' is 7."),
        ("SensorResult(cursor=7)  # <-", "The cursor of the sensor 'it' is 7."),
        (
            'SensorResult(cursor="\\udcff")  # <-',
            "The cursor of the sensor 'it' is a text with half of a surrogate pair.",
        ),
        (
            'SensorResult(cursor="é" * 20_000)  # <-',
            f"The cursor of the sensor 'it' has 40000 bytes, over the limit of {CURSOR_LIMIT}.",
        ),
        ('[RunRequest("k"), SkipReason()]  # <-', "The sensor 'it' asks for runs and gives a SkipReason."),
        ('SensorResult([RunRequest("k")], "no")  # <-', "The sensor 'it' asks for runs and gives a SkipReason."),
        ("[SkipReason(), SkipReason()]  # <-", "The sensor 'it' gives more than one SkipReason."),
        ("[SensorResult(), SkipReason()]  # <-", "The sensor 'it' gives more beside a SensorResult."),
        (
            'context.update_cursor("1") or SensorResult(cursor="2")  # <-',
            "The sensor 'it' calls context.update_cursor and gives its SensorResult a cursor.",
        ),
        ("context.update_cursor(7)  # <-", "The cursor of the sensor 'it' is 7."),
    ],
)
def test_a_wrong_part_of_an_answer_is_an_error_at_the_line_that_made_it(
    evaluate: Evaluate, tmp_path: Path, answer: str, message: str
) -> None:
    with pytest.raises(DefinitionError) as raised:
        evaluate(f'@sensor(pipeline="work")\ndef it(context):\n    return {answer}\n')
    words = str(raised.value).splitlines()
    assert words[0] == message
    assert len(words) == 2
    assert (raised.value.file, raised.value.line) == (str(tmp_path / "user.py"), line_of(tmp_path / "user.py"))


def test_what_user_code_changes_later_is_not_in_the_run(evaluate: Evaluate) -> None:
    outcome = evaluate("""
        CONFIG = {"a": [1]}

        @sensor(pipeline="work")
        def it():
            yield RunRequest("k", CONFIG)
            CONFIG["b"] = 2
    """)
    outcome.runs[0].run_config["a"].append(2)
    assert outcome.runs == (CheckedRun("k", {"a": [1, 2], "b": 2}, {}),)
