from __future__ import annotations

import threading

import pytest
from support.user_code import Run, source_of

from skerry import DefinitionError
from skerry.definitions import collect_failures, solid


def test_a_load_goes_on_behind_definitions_that_fail(run: Run) -> None:
    with collect_failures() as failures:
        module = run("""
            @solid
            def wrong(*rows): ...

            @pipeline
            def raising():
                raise ZeroDivisionError("mine")

            @pipeline(name="a b")
            def misnamed(): ...

            @schedule(cron_schedule="never", pipeline="fine")
            def never(): ...

            @sensor
            def idle(): ...

            @pipeline
            def fine(): ...
        """)
    assert [(failure.name, failure.type) for failure in failures] == [
        ("wrong", "solid"),
        ("raising", "pipeline"),
        ("a b", "pipeline"),
        ("never", "schedule"),
        ("idle", "sensor"),
    ]
    broken = [module.wrong, module.raising, module.misnamed, module.never, module.idle]
    for failure, definition in zip(failures, broken, strict=True):
        assert definition.failure is failure.error
        assert (definition.file, definition.line) == (failure.file, failure.line)
    assert source_of(module.raising) == "def raising():"
    assert module.fine.failure is None


def test_what_is_no_function_fails_at_the_line_that_decorates_it(run: Run) -> None:
    with collect_failures() as failures:
        module = run("""
            class Thing: ...

            step = solid(Thing)
        """)
    assert [(failure.name, failure.line) for failure in failures] == [("Thing", module.step.line)]
    assert source_of(module.step) == "step = solid(Thing)"


def test_a_wiring_error_is_told_at_the_line_of_the_call(run: Run) -> None:
    with collect_failures() as failures:
        module = run("""
            @solid
            def add(left): ...

            @pipeline
            def wrong():
                before = None
                add(before)
        """)
    assert failures[0].line == module.wrong.line + 2


def test_a_pipeline_with_a_broken_solid_is_broken_and_knows_why(run: Run) -> None:
    with collect_failures() as failures:
        module = run("""
            @solid
            def wrong(*rows): ...

            @pipeline
            def calling():
                wrong()

            try:
                PipelineDefinition(name="explicit", solids=[wrong])
            except Exception as error:
                explicit = error
        """)
    assert [failure.name for failure in failures] == ["wrong", "calling"]
    assert "uses the solid 'wrong', which could not be defined" in str(failures[1].error)
    assert failures[1].error.__cause__ is failures[0].error
    assert module.explicit.__cause__ is failures[0].error


def test_a_repository_tells_of_the_broken_definitions_that_it_lists_once_each(run: Run) -> None:
    with collect_failures() as failures:
        module = run("""
            @pipeline
            def broken():
                raise ZeroDivisionError

            @pipeline
            def fine(): ...

            @schedule(cron_schedule="@daily", pipeline=broken)
            def hopeless(): ...

            @sensor(pipeline="broken")
            def too(): ...

            @repository
            def listed():
                return [fine, broken, broken, too]

            @repository
            def lazy():
                return {"pipelines": {"fine": fine, "broken": lambda: broken}}

            @repository
            def brought():
                return [hopeless, fine]
        """)
    for repository, expected in (
        (module.listed, ["broken", "too"]),
        (module.lazy, ["broken"]),
        (module.brought, ["broken", "hopeless"]),
    ):
        contents = repository.definitions()
        assert [pipeline.name for pipeline in contents.pipelines] == ["fine"]
        assert (contents.schedules, contents.sensors) == ((), ())
        assert [failure.name for failure in contents.failures] == expected
        assert contents.failures[0].error is failures[0].error
        for failure in contents.failures[1:]:
            assert "starts the pipeline 'broken', which could not be defined" in str(failure.error)
            assert failure.error.__cause__ is failures[0].error


def test_outside_of_a_load_the_error_is_raised_at_once(run: Run) -> None:
    with collect_failures():
        pass
    with pytest.raises(ZeroDivisionError):
        run("""
            @pipeline
            def raising():
                raise ZeroDivisionError
        """)


def test_collecting_inside_collecting_leaves_the_outer_alone() -> None:
    def wrong(*rows: object) -> None: ...

    with collect_failures() as outer:
        with collect_failures() as inner:
            solid(wrong)
        assert (len(outer), len(inner)) == (0, 1)
        solid(wrong)
    assert (len(outer), len(inner)) == (1, 1)


def test_another_thread_is_told_of_its_own_errors() -> None:
    caught: list[DefinitionError] = []

    def define() -> None:
        try:
            solid(name="a b")(lambda: None)
        except DefinitionError as error:
            caught.append(error)

    with collect_failures() as failures:
        thread = threading.Thread(target=define)
        thread.start()
        thread.join(10)
    assert (len(caught), failures) == (1, [])
