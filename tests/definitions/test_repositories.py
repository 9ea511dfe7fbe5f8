from __future__ import annotations

from pathlib import Path

import pytest
from support.user_code import Run, source_of

from skerry import DefinitionError, RepositoryDefinition
from skerry.definitions import Failure

#: Definitions for the repositories of these tests.
PARTS = """
    @pipeline
    def work(): ...

    @pipeline(name="work")
    def other_work(): ...

    @schedule(cron_schedule="@daily", pipeline="work")
    def daily(): ...

    @sensor(pipeline="work")
    def looking(): ...
"""


def names(repository: RepositoryDefinition) -> tuple[list[str], list[str], list[str]]:
    contents = repository.definitions()
    pipelines, schedules, sensors = contents.pipelines, contents.schedules, contents.sensors
    return [p.name for p in pipelines], [s.name for s in schedules], [s.name for s in sensors]


def only_failure(repository: RepositoryDefinition) -> Failure:
    (failure,) = repository.definitions().failures
    return failure


def line_at(failure: Failure) -> str:
    assert failure.file
    assert failure.line
    return Path(failure.file).read_text().splitlines()[failure.line - 1].strip()


def test_a_repository_keeps_its_name_description_and_place(run: Run) -> None:
    module = run("""
        @repository
        def mine():
            '''All of mine.'''
            return []

        @repository(name="other", description="Told.")
        def yours():
            return ()
    """)
    assert (module.mine.name, module.mine.description) == ("mine", "All of mine.")
    assert source_of(module.mine) == "def mine():"
    assert (module.yours.name, module.yours.description) == ("other", "Told.")
    assert names(module.yours) == ([], [], [])


def test_the_function_is_called_at_the_first_question_and_once(run: Run) -> None:
    module = run("""
        calls = []

        @repository
        def mine():
            calls.append(1)
            return []
    """)
    assert module.calls == []
    assert module.mine.definitions() is module.mine.definitions()
    assert module.calls == [1]


def test_a_list_is_sorted_and_an_object_listed_twice_counts_once(run: Run) -> None:
    module = run(
        PARTS
        + """
    @repository
    def mine():
        return [daily, work, looking, work, daily]
    """
    )
    assert names(module.mine) == (["work"], ["daily"], ["looking"])
    assert module.mine.definitions().failures == ()


def test_a_dict_builds_what_it_holds_functions_for(run: Run) -> None:
    module = run(
        PARTS
        + """
    def make_lazy():
        @pipeline
        def lazy(): ...
        return lazy

    @repository
    def mine():
        return {
            "pipelines": {"work": work, "lazy": make_lazy},
            "jobs": {"job": lambda: pipeline(name="job")(lambda: None)},
            "schedules": {"daily": lambda: daily},
            "sensors": {"looking": looking},
        }
    """
    )
    assert names(module.mine) == (["work", "lazy", "job"], ["daily"], ["looking"])
    assert module.mine.definitions().failures == ()


def test_one_bad_definition_of_a_hundred_leaves_ninety_nine(run: Run) -> None:
    module = run("""
        def make(number):
            def build():
                if number == 42:
                    raise ZeroDivisionError("not this one")
                return pipeline(name=f"p{number}")(lambda: None)
            return build

        @repository
        def mine():
            return {"pipelines": {f"p{number}": make(number) for number in range(100)}}
    """)
    pipelines, _, _ = names(module.mine)
    assert pipelines == [f"p{number}" for number in range(100) if number != 42]
    failure = only_failure(module.mine)
    assert (failure.name, failure.type, failure.file) == ("p42", "pipeline", module.__file__)
    assert line_at(failure) == "def build():"
    assert str(failure.error) == "not this one"
    assert failure.error.__traceback__


@pytest.mark.parametrize(
    ("returned", "name", "failed_type", "words"),
    [
        ("[work, 3]", "item 2", "definition", "lists 3, which is no pipeline, schedule or sensor"),
        ("[work, lambda: work]", "<lambda>", "definition", "lists the function '<lambda>'"),
        ("[work, step]", "step", "definition", "lists the solid 'step'"),
        ("[work, other_work]", "work", "pipeline", "two different definitions called 'work': <work> and <other_work>"),
        ("[work, daily, twin]", "daily", "sensor", "two different definitions called 'daily': <daily> and <twin>"),
        ("[work, lost]", "lost", "schedule", "'gone', which the repository 'mine' lacks.\nAdd the pipeline to it; its"),
        ("{'pipelines': {'work': work, 'b': work}}", "b", "pipeline", "promises the pipeline 'b' and gets one called"),
        ("{'pipelines': {'work': work, 'b': step}}", "b", "pipeline", "and gets the solid 'step'"),
        ("{'pipelines': {'work': work, 'b': lambda: 3}}", "b", "pipeline", "and gets 3"),
        ("{'pipelines': {'work': work, 'b': lambda x: x}}", "b", "pipeline", "missing 1 required positional"),
        ("{'pipelines': {'work': work}, 'schedules': {'a': work}}", "a", "schedule", "and gets the pipeline 'work'"),
        ("{'pipelines': {'work': work}, 'tables': {}}", "tables", "definition", "has the key 'tables'.\nIts keys are"),
        ("{'pipelines': {'work': work}, 'sensors': []}", "sensors", "definition", "is a value of type list"),
    ],
)
def test_a_definition_that_cannot_be_used_costs_itself(
    run: Run, returned: str, name: str, failed_type: str, words: str
) -> None:
    module = run(
        PARTS
        + f"""
    @solid
    def step(): ...

    @sensor(name="daily", pipeline="work")
    def twin(): ...

    @schedule(cron_schedule="@daily", pipeline="gone")
    def lost(): ...

    @repository
    def mine():
        return {returned}
    """
    )
    assert names(module.mine)[0] == ["work"]
    failure = only_failure(module.mine)
    assert (failure.name, failure.type, failure.file) == (name, failed_type, module.__file__)
    assert failure.line
    places = {key: str(value.position) for key, value in vars(module).items() if hasattr(value, "position")}
    for key, place in places.items():
        words = words.replace(f"<{key}>", place)
    assert words in str(failure.error)


def test_what_is_no_definition_is_told_at_its_own_line(run: Run) -> None:
    module = run("""
        def plain(): ...

        @solid
        def step(): ...

        @repository
        def mine():
            return [plain, step, 3]
    """)
    failures = module.mine.definitions().failures
    assert [line_at(failure) for failure in failures] == ["def plain(): ...", "def step(): ...", "def mine():"]


def test_a_schedule_brings_its_pipeline_along_behind_those_listed(run: Run) -> None:
    module = run(
        PARTS
        + """
    @pipeline
    def brought(): ...

    @schedule(cron_schedule="@daily", job=brought)
    def bringing(): ...

    @sensor(pipeline=brought)
    def too(): ...

    @repository
    def mine():
        return [bringing, too, work]
    """
    )
    assert names(module.mine) == (["work", "brought"], ["bringing"], ["too"])
    assert module.mine.definitions().failures == ()


def test_a_schedule_whose_pipeline_clashes_with_a_listed_one_fails(run: Run) -> None:
    module = run(
        PARTS
        + """
    @schedule(cron_schedule="@daily", pipeline=other_work)
    def clashing(): ...

    @repository
    def mine():
        return [clashing, work]
    """
    )
    assert names(module.mine) == (["work"], [], [])
    failure = only_failure(module.mine)
    assert failure.name == "clashing"
    assert f"'work' of {module.other_work.position}" in str(failure.error)
    assert str(module.work.position) in str(failure.error)


def test_what_the_function_raises_is_raised_as_it_is(run: Run) -> None:
    module = run("""
        @repository
        def mine():
            raise ZeroDivisionError("mine")
    """)
    with pytest.raises(ZeroDivisionError, match="mine"):
        module.mine.definitions()


@pytest.mark.parametrize("returned", ["None", "3", "'work'", "(yield)", "{work}"])
def test_a_repository_returns_a_list_or_a_dict(run: Run, returned: str) -> None:
    module = run(
        PARTS
        + f"""
    @repository
    def mine():
        return {returned}
    """
    )
    with pytest.raises(DefinitionError, match="The function of the repository 'mine' returned") as caught:
        module.mine.definitions()
    assert (caught.value.file, caught.value.line) == (module.__file__, module.mine.line)
    assert source_of(module.mine) == "def mine():"


def test_a_repository_takes_no_arguments(run: Run) -> None:
    with pytest.raises(DefinitionError, match="takes definitions, and nobody gives it arguments"):
        run("""
        @repository
        def mine(definitions): ...
        """)
