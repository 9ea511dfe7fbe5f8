"""Resources are there for those who require them, and gone afterwards; hooks are called after solids."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from skerry import (
    DefinitionError,
    HookContext,
    InitResourceContext,
    ResourceDefinition,
    RetryPolicy,
    RunError,
    SolidExecutionContext,
    failure_hook,
    pipeline,
    resource,
    solid,
    success_hook,
)
from skerry.execution import EventType


@pytest.fixture
def seen() -> list[str]:
    return []


def recorded(seen: list[str], name: str, **options: Any) -> ResourceDefinition:
    @resource(name=name, **options)
    def made(context: InitResourceContext) -> Iterator[str]:
        others = ",".join(sorted(vars(context.resources).values()))
        seen.append(f"+{name}({others})")
        yield name.upper()
        seen.append(f"-{name}")

    return made


@solid(required_resource_keys={"warehouse"})
def use(context: SolidExecutionContext) -> Any:
    return context.resources.warehouse


def test_it_is_set_up_before_and_torn_down_after_in_the_order_of_who_needs_whom(seen: list[str]) -> None:
    resources = {
        "warehouse": recorded(seen, "warehouse", required_resource_keys={"network", "plain"}),
        "network": recorded(seen, "network"),
        "unused": recorded(seen, "unused"),
        "plain": "text",
    }

    @pipeline(resource_defs=resources)
    def daily() -> None:
        use()

    assert daily.execute_in_process().output_for("use") == "WAREHOUSE"
    assert seen == ["+network()", "+warehouse(NETWORK,text)", "-warehouse", "-network"]


def test_it_has_its_part_of_the_run_config_with_its_defaults() -> None:
    schema = {"type": "object", "properties": {"url": {"type": "string"}, "port": {"type": "integer", "default": 5432}}}

    @resource(config_schema={**schema, "required": ["url"]})
    def warehouse(context: InitResourceContext) -> Any:
        return context.resource_config

    @pipeline(resource_defs={"warehouse": warehouse})
    def daily() -> None:
        use()

    result = daily.execute_in_process({"resources": {"warehouse": {"config": {"url": "x"}}}})
    assert result.output_for("use") == {"url": "x", "port": 5432}
    with pytest.raises(RunError, match="- the run config: 'resources' is a required property"):
        daily.execute_in_process()


def test_a_value_stands_for_it_in_a_test(seen: list[str]) -> None:
    @pipeline(resource_defs={"warehouse": recorded(seen, "warehouse")})
    def daily() -> None:
        use()

    assert daily.execute_in_process(resources={"warehouse": 3}).output_for("use") == 3
    assert seen == []


def test_a_solid_has_those_that_it_names_and_no_others() -> None:
    @solid(required_resource_keys={"warehouse"})
    def curious(context: SolidExecutionContext) -> None:
        context.resources.secret  # noqa: B018

    @pipeline(resource_defs={"warehouse": 1, "secret": 2})
    def daily() -> None:
        curious()

    with pytest.raises(
        AttributeError, match=r"no resource 'secret' here; there are: warehouse\. Name it in `required_"
    ):
        daily.execute_in_process()


def test_a_set_up_that_fails_fails_the_run_and_tears_down_what_is_there(seen: list[str]) -> None:
    @resource(required_resource_keys={"network"})
    def warehouse() -> None:
        raise ConnectionError("refused")

    @pipeline(resource_defs={"warehouse": warehouse, "network": recorded(seen, "network")})
    def daily() -> None:
        use()

    result = daily.execute_in_process(raise_on_error=False)
    assert [event.type for event in result.events] == [EventType.RUN_STARTED, EventType.RUN_FAILED]
    assert isinstance(result.events[-1].error, ConnectionError)
    assert seen == ["+network()", "-network"]


@pytest.mark.parametrize("fails", ["raise ValueError", "sys.exit", "interrupt"])
def test_it_is_torn_down_however_the_solid_ends(fails: str, seen: list[str]) -> None:
    errors: dict[str, BaseException] = {
        "raise ValueError": ValueError(),
        "sys.exit": SystemExit(),
        "interrupt": KeyboardInterrupt(),
    }

    @solid(required_resource_keys={"warehouse"})
    def leave(context: SolidExecutionContext) -> None:
        raise errors[fails]

    @pipeline(resource_defs={"warehouse": recorded(seen, "warehouse")})
    def daily() -> None:
        leave()

    with pytest.raises(type(errors[fails])):
        daily.execute_in_process()
    assert seen == ["+warehouse()", "-warehouse"]


def test_a_tear_down_that_fails_is_told_and_the_others_are_torn_down(seen: list[str]) -> None:
    @resource(required_resource_keys={"network"})
    def warehouse() -> Iterator[int]:
        yield 1
        raise ConnectionError("gone")

    @pipeline(resource_defs={"warehouse": warehouse, "network": recorded(seen, "network")})
    def daily() -> None:
        use()

    result = daily.execute_in_process()
    assert result.success
    (told,) = [event for event in result.events if event.type is EventType.LOG]
    assert told.data == {"level": "ERROR", "message": "The resource 'warehouse' could not be torn down."}
    assert isinstance(told.error, ConnectionError)
    assert seen == ["+network()", "-network"]


@pytest.mark.parametrize(("times", "count"), [(0, "nothing"), (2, "more than once")])
def test_it_yields_once(times: int, count: str) -> None:
    @resource
    def warehouse() -> Iterator[int]:
        yield from range(times)

    @pipeline(resource_defs={"warehouse": warehouse})
    def daily() -> None:
        use()

    result = daily.execute_in_process(raise_on_error=False)
    errors = [str(event.error) for event in result.events if event.error is not None]
    assert len(errors) == 1
    assert f"The resource 'warehouse' yields {count}" in errors[0]


@pytest.mark.parametrize(
    ("resources", "words"),
    [
        (None, "The solid 'use' requires the resource 'warehouse', which the pipeline 'daily' lacks.\nGive it in"),
        ({"other": 1}, "those there are: other."),
        ([1], "`resource_defs` of the pipeline 'daily' is a value of type list.\nGive a dict"),
        (
            {"warehouse": ResourceDefinition(lambda: 1, name="warehouse", required_resource_keys={"network"})},
            "The resource 'warehouse' requires the resource 'network', which",
        ),
        (
            {
                "warehouse": ResourceDefinition(lambda: 1, name="warehouse", required_resource_keys={"network"}),
                "network": ResourceDefinition(lambda: 1, name="network", required_resource_keys={"warehouse"}),
            },
            "require each other: warehouse -> network -> warehouse.",
        ),
    ],
)
def test_resources_that_cannot_be_are_an_error_of_the_pipeline(resources: Any, words: str) -> None:
    def daily() -> None:
        use()

    with pytest.raises(DefinitionError) as caught:
        pipeline(resource_defs=resources)(daily)
    assert words.lower() in str(caught.value).lower()


def test_hooks_are_called_with_what_has_happened(seen: list[str]) -> None:
    @success_hook(required_resource_keys={"warehouse"})
    def praise(context: HookContext) -> None:
        seen.append(f"{context.solid_name} {context.solid_output_values} {context.resources.warehouse}")

    @failure_hook
    def complain(context: HookContext) -> None:
        seen.append(f"{context.solid_name} {context.solid_exception!r} {context.run_id} {context.tags}")

    @solid(retry_policy=RetryPolicy(2))
    def fail() -> None:
        raise ValueError("no")

    @solid
    def add(x: int) -> int:
        return x + 1

    @pipeline(hooks={praise, complain}, resource_defs={"warehouse": 4}, tags={"team": "blue"})
    def daily() -> None:
        add(use())
        fail()

    daily.execute_in_process(raise_on_error=False, run_id="mine", tags={"by": "me"})
    assert seen == [
        "use {'result': 4} 4",
        "add {'result': 5} 4",
        "fail ValueError('no') mine {'team': 'blue', 'by': 'me'}",
    ]


def test_a_hook_that_fails_is_told_and_changes_nothing() -> None:
    @success_hook
    def broken(context: HookContext) -> None:
        raise ValueError("hook")

    @pipeline(hooks=[broken], resource_defs={"warehouse": 4})
    def daily() -> None:
        use()

    result = daily.execute_in_process()
    assert result.success
    (told,) = [event for event in result.events if event.type is EventType.LOG]
    assert told.data == {"level": "ERROR", "message": "The hook 'broken' has failed."}


@pytest.mark.parametrize(
    ("hooks", "words"),
    [
        (3, "`hooks` of the pipeline 'daily' holds 3.\nGive a set of hooks."),
        ([use], "`hooks` of the pipeline 'daily' holds the solid 'use'."),
    ],
)
def test_hooks_that_cannot_be_are_an_error_of_the_pipeline(hooks: Any, words: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        pipeline(name="daily", hooks=hooks)(lambda: None)
    assert words in str(caught.value)


def test_a_hook_takes_an_argument() -> None:
    with pytest.raises(DefinitionError, match=r"The hook 'quiet' takes no argument\."):
        success_hook(name="quiet")(lambda: None)


def test_what_users_made_can_be_called_in_their_tests() -> None:
    @resource
    def warehouse(context: InitResourceContext) -> int:
        return int(context.resource_config) + 1

    @success_hook
    def praise(context: HookContext) -> str:
        return context.solid_name

    assert warehouse(InitResourceContext(3)) == 4
    assert praise(HookContext(solid_name="use")) == "use"
    assert use(SolidExecutionContext(resources={"warehouse": 3})) == 3
