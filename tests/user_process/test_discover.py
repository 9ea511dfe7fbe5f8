from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from support.user_code import run_file, with_imports

from skerry import ErrorKind, LocationError, RepositoryDefinition
from skerry.definitions import collect_failures
from skerry.user_process.discover import discover

Discover = Callable[..., "tuple[RepositoryDefinition, ...]"]
Refuse = Callable[..., "tuple[ErrorKind, str]"]

PIPELINES = """
    @pipeline
    def work(): ...

    @pipeline
    def play(): ...
"""


@pytest.fixture
def found(write: Callable[[str, str], Path]) -> Discover:
    """Load user code as the loader does, and discover its repositories."""

    def load(text: str, attribute: str | None = None) -> tuple[RepositoryDefinition, ...]:
        path = write("user.py", with_imports(text))
        with collect_failures() as collected:
            return discover(run_file(path), "user.py", attribute, collected)

    return load


@pytest.fixture
def refused(found: Discover) -> Refuse:
    """Load user code that must be refused; gives the kind of the error and its words."""

    def load(text: str, attribute: str | None = None) -> tuple[ErrorKind, str]:
        with pytest.raises(LocationError) as caught:
            found(text, attribute)
        return caught.value.kind, str(caught.value)

    return load


def names(repositories: tuple[RepositoryDefinition, ...]) -> dict[str, list[str]]:
    return {each.name: [pipeline.name for pipeline in each.definitions().pipelines] for each in repositories}


def failures(repositories: tuple[RepositoryDefinition, ...]) -> dict[str, list[str]]:
    return {each.name: [failure.name for failure in each.definitions().failures] for each in repositories}


def test_every_repository_of_the_module_is_found_and_counted_once(found: Discover) -> None:
    repositories = found(
        PIPELINES
        + """
    @repository
    def second(): return [work]

    @repository(name="first")
    def other(): return [work, play]

    again = second
    """
    )
    assert names(repositories) == {"second": ["work"], "first": ["work", "play"]}


def test_two_repositories_of_one_name_are_refused_with_both_places(refused: Refuse, tmp_path: Path) -> None:
    kind, words = refused("""
        @repository
        def same(): return []

        @repository(name="same")
        def other(): return []
    """)
    assert kind is ErrorKind.DUPLICATE_REPOSITORY
    file = tmp_path / "user.py"
    lines = file.read_text().splitlines()
    places = [f"{file}:{lines.index(f'def {name}(): return []') + 1}" for name in ("same", "other")]
    assert words.splitlines()[0] == (
        f"user.py defines two different repositories called 'same': {places[0]} and {places[1]}."
    )


def test_a_lone_pipeline_is_wrapped_in_a_repository_of_its_name(found: Discover) -> None:
    (repository,) = found("""
        @pipeline
        def work(): ...

        also = work
    """)
    assert names((repository,)) == {"work": ["work"]}
    pipeline = repository.definitions().pipelines[0]
    assert (repository.file, repository.line) == (pipeline.file, pipeline.line)


def test_several_pipelines_without_a_repository_are_named(refused: Refuse) -> None:
    kind, words = refused(PIPELINES)
    assert kind is ErrorKind.SEVERAL_PIPELINES
    assert words.startswith("user.py defines 2 pipelines and no repository: work, play.\n")


def test_a_long_list_of_pipelines_is_cut(refused: Refuse) -> None:
    _, words = refused("for n in range(30): globals()[f'p{n}'] = pipeline(name=f'p{n}')(lambda: None)")
    assert words.startswith(
        "user.py defines 30 pipelines and no repository: p0, p1, p2, p3, p4, p5, p6, p7, p8, p9 and"
    )
    assert words.splitlines()[0].endswith("and 20 more.")


def test_a_module_without_anything_says_what_there_is(refused: Refuse) -> None:
    assert refused("x = 1") == (
        ErrorKind.NOTHING_FOUND,
        "user.py defines no repository and no pipeline.\n"
        "Decorate a function with @repository and return your pipelines from it.",
    )
    _, words = refused("""
        @solid
        def step(): ...

        @sensor(pipeline="work")
        def looking(): ...
    """)
    assert words.startswith("user.py defines no repository and no pipeline; it defines the solid 'step', the sensor")


@pytest.mark.parametrize(
    ("attribute", "expected"),
    [
        ("mine", {"mine": ["work"]}),
        ("variable", {"own_name": ["play"]}),
        ("own_name", {"own_name": ["play"]}),
        ("work", {"work": ["work"]}),
        ("get_repository", {"mine": ["work"]}),
        ("get_pipeline", {"play": ["play"]}),
        ("partial", {"mine": ["work"]}),
        ("shadowed", {"shadowed": ["work", "play"]}),
        ("contested", {"mine": ["work"]}),
    ],
)
def test_an_attribute_names_a_module_attribute_or_a_repository(
    found: Discover, attribute: str, expected: dict[str, list[str]]
) -> None:
    repositories = found(
        PIPELINES
        + """
    import functools

    @repository
    def mine(): return [work]

    @repository(name="own_name")
    def variable(): return [play]

    @repository(name="shadowed")
    def of_other_name(): return [work, play]

    @repository(name="contested")
    def loser(): return []

    shadowed = "not a repository"
    contested = mine

    def get_repository(): return mine
    def get_pipeline(unused=None): return play
    partial = functools.partial(lambda repository: repository, mine)
    """,
        attribute,
    )
    assert names(repositories) == expected


def test_an_attribute_that_is_nowhere_is_answered_with_what_there_is(refused: Refuse) -> None:
    kind, words = refused(
        PIPELINES
        + """
    import os.path
    from textwrap import dedent

    @repository(name="own_name")
    def variable(): return []

    def build(): return variable
    def helper(needed): ...
    def _private(): ...
    """,
        "missing",
    )
    assert kind is ErrorKind.ATTRIBUTE_NOT_FOUND
    assert words == (
        "user.py has no attribute and no repository called 'missing'.\n"
        "Attributes that can be used: work, play, variable, build. Repositories: own_name."
    )


@pytest.mark.parametrize(
    ("attribute", "what"),
    [
        ("text", "'some text'"),
        ("Thing", "the class 'Thing'"),
        ("step", "the solid 'step'"),
        ("needy", "a function that needs arguments (what, where)"),
        ("useless", "a function that returned None"),
        ("stepping", "a function that returned the solid 'step'"),
    ],
)
def test_an_attribute_that_cannot_be_used_is_told_for_what_it_is(refused: Refuse, attribute: str, what: str) -> None:
    kind, words = refused(
        """
        text = "some text"
        class Thing: ...

        @solid
        def step(): ...

        def needy(what, where, how=None): ...
        def useless(): ...
        def stepping(): return step
        """,
        attribute,
    )
    assert kind is ErrorKind.ATTRIBUTE_NOT_USABLE
    assert words.startswith(f"{attribute!r} in user.py is {what}.\n")


def test_what_user_code_raises_is_raised_as_it_is(found: Discover) -> None:
    code = """
        @repository
        def mine(): raise ZeroDivisionError("in the repository")

        def build(): raise ZeroDivisionError("in the function")
    """
    with pytest.raises(ZeroDivisionError, match="in the repository"):
        found(code)
    with pytest.raises(ZeroDivisionError, match="in the function"):
        found(code, "build")


def test_a_lone_broken_pipeline_is_the_users_own_error(found: Discover) -> None:
    code = """
        @pipeline
        def broken(): raise ZeroDivisionError("mine")
    """
    for attribute in (None, "broken"):
        with pytest.raises(ZeroDivisionError, match="mine"):
            found(code, attribute)


def test_where_nothing_else_is_found_the_first_failure_is_the_error(found: Discover) -> None:
    with pytest.raises(ValueError, match="first"):
        found("""
        def build():
            @pipeline
            def broken(): raise ValueError("first")

        build()
        """)


def test_failures_that_no_repository_lists_are_told_by_the_first(found: Discover) -> None:
    repositories = found(
        PIPELINES
        + """
    @pipeline
    def unlisted(): raise ZeroDivisionError

    @pipeline
    def listed(): raise ZeroDivisionError

    @solid
    def cause(*rows): ...

    @solid
    def unused(*rows): ...

    @pipeline
    def caused(): cause()

    @repository
    def first(): return [work]

    @repository
    def second(): return [listed, play, caused]
    """
    )
    assert names(repositories) == {"first": ["work"], "second": ["play"]}
    # That `cause` is broken is told as the cause of what befell `caused`.
    assert failures(repositories) == {"first": ["unlisted", "unused"], "second": ["listed", "caused"]}


def test_a_chosen_repository_does_not_answer_for_what_another_lists(found: Discover) -> None:
    code = (
        PIPELINES
        + """
    @pipeline
    def unlisted(): raise ZeroDivisionError

    @pipeline
    def theirs(): raise ZeroDivisionError

    @repository
    def mine(): return [work]

    @repository
    def other(): return [theirs, play]

    @repository
    def hopeless(): raise ZeroDivisionError
    """
    )
    assert failures(found(code, "mine")) == {"mine": ["unlisted"]}
    assert failures(found(code, "other")) == {"other": ["theirs", "unlisted"]}


def test_a_chosen_repository_alone_is_called(found: Discover) -> None:
    code = """
        @repository
        def mine(): return []

        @repository
        def other(): raise SystemExit(3)
    """
    assert names(found(code, "mine")) == {"mine": []}


def test_a_failure_beside_a_lone_pipeline_is_told(found: Discover) -> None:
    repositories = found("""
        @solid
        def broken(*rows): ...

        @pipeline
        def work(): ...
    """)
    assert (names(repositories), failures(repositories)) == ({"work": ["work"]}, {"work": ["broken"]})
