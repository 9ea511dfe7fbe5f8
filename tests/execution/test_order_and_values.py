"""Which solids run, in which order, and what each is given."""

from __future__ import annotations

import pytest

from skerry import Output, OutputDefinition, PipelineDefinition, RunError, pipeline, solid
from skerry.errors import ErrorKind
from skerry.execution import Event, EventType, MemoryValues, Plan, Settings, run


@solid
def one() -> int:
    return 1


@solid
def add(x: int, y: int = 10) -> int:
    return x + y


@solid
def together(values: list[int]) -> list[int]:
    return values


@solid(outputs=[OutputDefinition("small", is_required=False), OutputDefinition("large", is_required=False)])
def split(number: int):  # type: ignore[no-untyped-def]
    if number < 10:
        yield Output(number, "small")
    else:
        yield Output(number, "large")


@solid
def fail(x: int = 0) -> None:
    raise ValueError(f"not {x}")


def started(result) -> list[str]:  # type: ignore[no-untyped-def]
    return [event.solid for event in result.events if event.type is EventType.SOLID_STARTED]


def skipped(result) -> dict[str, str]:  # type: ignore[no-untyped-def]
    return {event.solid: event.data["reason"] for event in result.events if event.type is EventType.SOLID_SKIPPED}


def test_values_pass_and_what_is_not_connected_has_its_default() -> None:
    @pipeline
    def daily() -> None:
        add(add(one()), one())

    result = daily.execute_in_process()
    assert result.success
    assert result.output_for("add") == 11
    assert result.output_for("add_2") == 12
    with pytest.raises(KeyError, match=r"it has given: one\.result, add\.result"):
        result.output_for("add", "sum")


def test_solids_run_after_those_that_feed_them_and_else_in_the_order_of_the_pipeline() -> None:
    listed = PipelineDefinition(
        name="listed",
        solids=[add.alias("last"), add.alias("middle"), one, one.alias("other")],
        dependencies={"last": {"x": "middle.result"}, "middle": {"x": "one.result"}},
    )
    assert started(listed.execute_in_process()) == ["one", "middle", "last", "other"]


def test_a_list_of_outputs_is_a_list_of_values() -> None:
    @pipeline
    def daily() -> None:
        together.alias("several")([one(), add(one()), one()])
        together.alias("single")([one()])
        together.alias("empty")([])

    result = daily.execute_in_process()
    assert result.output_for("several") == [1, 11, 1]
    assert result.output_for("single") == [1]
    assert result.output_for("empty") == []


def test_a_branch_that_is_not_taken_is_skipped_with_all_that_hangs_on_it() -> None:
    @pipeline
    def daily() -> None:
        small, large = split(one())
        together([add.alias("little")(small), add.alias("much")(add.alias("more")(large))])
        together.alias("nothing")([add.alias("again")(large)])

    result = daily.execute_in_process()
    assert result.success
    assert result.output_for("together") == [11]
    assert skipped(result) == {
        "more": "its input x comes from split.large, which was not given",
        "much": "its input x comes from more.result, which was not given",
        "again": "its input x comes from split.large, which was not given",
        "nothing": "its input values comes from again.result, which was not given",
    }


def test_a_solid_that_fails_stops_only_what_hangs_on_it() -> None:
    @pipeline
    def daily() -> None:
        together([add(fail()), add.alias("spared")(one())])
        add.alias("apart")(one())

    result = daily.execute_in_process(raise_on_error=False)
    assert not result.success
    assert isinstance(result.error, ValueError)
    assert result.output_for("apart") == 11
    assert result.output_for("spared") == 11
    assert skipped(result) == {
        "add": "fail has failed, or could not run",
        "together": "add has failed, or could not run",
    }
    assert result.events[-1].type is EventType.RUN_FAILED
    assert result.events[-1].data == {"failed": ["fail"]}


def test_what_the_first_solid_has_failed_with_is_raised_where_the_user_raised_it() -> None:
    @pipeline
    def daily() -> None:
        fail(one())
        fail(add(one()))

    with pytest.raises(ValueError, match=r"not 1$") as caught:
        daily.execute_in_process()
    assert caught.traceback[-1].name == "fail"


def test_sys_exit_in_a_solid_is_its_failure() -> None:
    @solid
    def leave() -> None:
        raise SystemExit(3)

    @pipeline
    def daily() -> None:
        leave()
        one()

    result = daily.execute_in_process(raise_on_error=False)
    assert isinstance(result.error, SystemExit)
    assert result.output_for("one") == 1


def test_a_solid_is_a_plain_function_outside_of_a_pipeline() -> None:
    assert add(1, y=2) == 3
    assert [output.value for output in split(12)] == [12]


def test_a_coroutine_is_awaited() -> None:
    @solid
    async def soon() -> int:
        return 3

    @pipeline
    def daily() -> None:
        add(soon())

    assert daily.execute_in_process().output_for("add") == 13


@pipeline
def chain() -> None:
    add(add(one()))


def test_only_the_solids_asked_for_run() -> None:
    events: list[Event] = []
    outcome = run(Plan.of(chain, only=["one", "add"]), Settings("id"), MemoryValues(), events.append)
    assert outcome.type is EventType.RUN_SUCCEEDED
    assert [event.solid for event in events if event.type is EventType.SOLID_STARTED] == ["one", "add"]


def test_a_solid_whose_input_is_not_there_cannot_be_asked_for_alone() -> None:
    with pytest.raises(RunError, match=r"input 'x' of 'add_2' comes from add\.result.*\nSelect 'add', too") as caught:
        Plan.of(chain, only=["one", "add_2"])
    assert caught.value.kind is ErrorKind.INPUT_NOT_AVAILABLE


def test_a_solid_that_is_not_there_cannot_be_asked_for() -> None:
    with pytest.raises(RunError, match=r"'chain' has no solid 'ad'\.\nIts solids are: one, add, add_2\.") as caught:
        Plan.of(chain, only=["ad"])
    assert caught.value.kind is ErrorKind.SOLID_NOT_FOUND


def test_what_is_done_is_not_done_again() -> None:
    seen = []

    @solid
    def show(x: int) -> None:
        seen.append(x)

    @pipeline
    def daily() -> None:
        show(add(add(one())))

    values = MemoryValues()
    values.put("add", "result", 6)
    plan = Plan.of(daily, done={"one": ["result"], "add": ["result"], "of an older pipeline": ["result"]})
    events: list[Event] = []
    run(plan, Settings("id"), values, events.append)
    assert [event.solid for event in events if event.type is EventType.SOLID_STARTED] == ["add_2", "show"]
    assert seen == [16]


def test_a_value_is_let_go_once_nobody_takes_it_any_more() -> None:
    class Large:
        alive = 0

        def __init__(self) -> None:
            Large.alive += 1

        def __del__(self) -> None:
            Large.alive -= 1

    seen = []

    @solid
    def make() -> Large:
        return Large()

    @solid
    def use(large: Large) -> None:
        seen.append(Large.alive)

    @solid
    def after(nothing: None) -> None:
        seen.append(Large.alive)

    @pipeline
    def daily() -> None:
        after(use(make()))

    run(Plan.of(daily), Settings("id"), MemoryValues(), lambda event: None)
    assert seen == [1, 0]
