"""What a workspace tells of its locations: all that can be used, and why the rest cannot."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from support.interpreters import make_environment

from skerry import ErrorKind, State, Workspace

Write = Callable[[str, str], Path]
Load = Callable[[str], Workspace]


def test_one_bad_definition_of_a_hundred_costs_itself(load: Load, write: Write) -> None:
    good = "".join(f"@job\ndef job_{number}(): a()\n" for number in range(99))
    code = write("many.py", f"from skerry import job, op, repository\n@op\ndef a(): ...\n{good}")
    with code.open("a") as file:
        file.write("@job\ndef bad():\n    a(missing=a())\n")
        file.write("@repository\ndef many():\n    return [bad] + [globals()[f'job_{n}'] for n in range(99)]\n")
    line = code.read_text().splitlines().index("    a(missing=a())") + 1
    workspace = load("load_from: [{python_file: many.py}]")
    assert workspace.wait(30)
    (repository,) = workspace["many.py"].repositories
    assert {pipeline.name for pipeline in repository.pipelines} == {f"job_{number}" for number in range(99)}
    (failure,) = repository.errors
    assert (failure.name, failure.type, failure.file, failure.line) == ("bad", "pipeline", str(code), line)
    assert failure.error.kind is ErrorKind.INVALID_DEFINITION
    assert "no input 'missing'" in failure.error.message
    user_frames = [frame for frame in failure.error.frames if frame.user]
    assert (user_frames[-1].line, user_frames[-1].source) == (line, "a(missing=a())")


def test_a_lazily_built_definition_that_raises_costs_itself(load: Load, write: Write) -> None:
    write(
        "lazy.py",
        """
        from skerry import job, op, repository

        @op
        def a(): ...

        @job
        def fine(): a()

        def broken():
            return {}["no such key"]

        @repository
        def lazy():
            return {"jobs": {"fine": lambda: fine, "broken": broken}}
        """,
    )
    workspace = load("load_from: [{python_file: lazy.py}]")
    assert workspace.wait(30)
    (repository,) = workspace["lazy.py"].repositories
    assert [pipeline.name for pipeline in repository.pipelines] == ["fine"]
    (failure,) = repository.errors
    assert (failure.name, failure.error.message) == ("broken", "KeyError: 'no such key'")
    assert failure.error.frames[-1].source == 'return {}["no such key"]'


def test_a_definition_that_was_never_raised_shows_its_place(load: Load, write: Write) -> None:
    code = write(
        "twice.py",
        """
        from skerry import op, pipeline, repository

        @op
        def a(): ...

        @pipeline(name="same")
        def one(): a()

        @pipeline(name="same")
        def two(): a()

        @repository
        def twice(): return [one, two]
        """,
    )
    workspace = load("load_from: [{python_file: twice.py}]")
    assert workspace.wait(30)
    (failure,) = workspace["twice.py"].repositories[0].errors
    (frame,) = failure.error.frames
    assert (frame.file, frame.line, frame.source, frame.user) == (str(code), 10, "def two(): a()", True)


def test_a_repository_without_definitions_is_ready_with_none(load: Load, write: Write) -> None:
    write("empty.py", "from skerry import repository\n@repository\ndef empty(): return []")
    workspace = load("load_from: [{python_file: empty.py}]")
    assert workspace.wait(30)
    assert workspace["empty.py"].state is State.READY
    assert workspace["empty.py"].repositories[0].pipelines == ()


@pytest.mark.parametrize(
    ("code", "attribute", "kind", "says"),
    [
        ("x = 1", None, ErrorKind.NOTHING_FOUND, "no repository and no pipeline"),
        ("@job\ndef b(): a()\n@job\ndef c(): a()", None, ErrorKind.SEVERAL_PIPELINES, "b, c"),
        ("@repository\ndef r(): return []", "s", ErrorKind.ATTRIBUTE_NOT_FOUND, "'s'"),
        ("x = 1", "x", ErrorKind.ATTRIBUTE_NOT_USABLE, "'x'"),
        (
            "@repository\ndef r(): return []\n@repository(name='r')\ndef s(): return []",
            None,
            ErrorKind.DUPLICATE_REPOSITORY,
            "'r'",
        ),
    ],
)
def test_what_cannot_be_discovered_says_what_was_found_and_what_to_do(
    code: str, attribute: str | None, kind: ErrorKind, says: str, load: Load, write: Write
) -> None:
    write("code.py", f"from skerry import job, op, repository\n@op\ndef a(): ...\n{code}")
    chosen = f", attribute: {attribute}" if attribute else ""
    workspace = load(f"load_from: [{{python_file: {{relative_path: code.py{chosen}, location_name: code}}}}]")
    assert workspace.wait(30)
    error = workspace["code"].error
    assert error is not None
    assert error.kind is kind
    assert says in error.message
    assert len(error.message.splitlines()) >= 2


def test_what_the_entry_points_at_may_be_absent(load: Load, write: Write) -> None:
    write("hello.py", "")
    workspace = load("""
        load_from:
          - python_file: helo.py
          - python_package: a_package_that_nobody_has.repositories
          - python_file: {relative_path: hello.py, working_directory: no/such/folder}
    """)
    assert workspace.wait(30)
    errors = [location.error for location in workspace]
    assert [error and error.kind for error in errors] == [
        ErrorKind.FILE_NOT_FOUND,
        ErrorKind.MODULE_NOT_FOUND,
        ErrorKind.WORKING_DIRECTORY_NOT_FOUND,
    ]
    assert errors[0] is not None
    assert "Did you mean hello.py?" in errors[0].message
    assert errors[1] is not None
    assert "-m pip install a_package_that_nobody_has" in errors[1].message


def test_a_deprecated_module_is_found_through_its_working_directory(load: Load, write: Write) -> None:
    write("src/team/repos.py", "from skerry import repository\n@repository\ndef r(): return []")
    write("src/team/__init__.py", "")
    workspace = load("""
        load_from:
          - python_module: {module_name: team.repos, working_directory: src}
          - python_module: {module_name: team.repos, location_name: lost}
    """)
    assert workspace.wait(30)
    assert workspace["team.repos"].state is State.READY, workspace["team.repos"].error
    error = workspace["lost"].error
    assert error is not None
    assert error.kind is ErrorKind.MODULE_NOT_FOUND
    assert "working_directory: src" in error.message


def test_a_location_with_the_image_variable_tells_its_image(
    load: Load, hello: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SKERRY_CURRENT_IMAGE", "registry/team:7")
    workspace = load("load_from: [{python_file: hello.py}]")
    assert workspace.wait(30)
    server = workspace["hello.py"].server
    assert server is not None
    assert server.image == "registry/team:7"


def test_each_load_runs_fresh_code(load: Load, write: Write) -> None:
    write("shapes.py", "class Shape: ...\nNAME = 'first'")
    write(
        "code.py",
        """
        from circles import Circle
        from shapes import NAME, Shape
        from skerry import job, op

        @op
        def a(): ...

        @job(name=NAME if isinstance(Circle(), Shape) else "stale")
        def b(): a()
        """,
    )
    write("circles.py", "from shapes import Shape\nclass Circle(Shape): ...")
    text = "load_from: [{python_file: {relative_path: code.py, working_directory: .}}]"
    first = load(text)
    assert first.wait(30)
    write("shapes.py", "class Shape: ...\nNAME = 'second time'.replace(' ', '_')")
    second = load(text)
    assert second.wait(30)
    names = [workspace["code.py"].repositories[0].name for workspace in (first, second)]
    assert names == ["first", "second_time"]


def test_an_explanation_gives_each_entry_of_the_path_its_reason(load: Load, write: Write, tmp_path: Path) -> None:
    packages = tmp_path / "packages"
    write("packages/team/__init__.py", "")
    code = write("packages/team/repos.py", "raise RuntimeError('explained all the same')")
    python = make_environment(tmp_path / "environment", "3.11", packages)
    (tmp_path / "work").mkdir()
    workspace = load(f"""
        load_from:
          - python_module: {{module_name: team.repos, executable_path: {python}, working_directory: work}}
    """)
    assert workspace.wait(30)
    assert workspace["team.repos"].state is State.FAILED
    explanation = workspace["team.repos"].snapshot.explanation
    assert explanation is not None
    assert (explanation.executable, explanation.working_directory) == (str(python), str(tmp_path / "work"))
    assert (explanation.module, explanation.file) == ("team.repos", str(code))
    reasons = {entry.path: entry.reason for entry in explanation.path}
    assert reasons[str(tmp_path / "work")] == "working_directory of the entry"
    assert reasons[str(packages)] == "a .pth file in the environment's packages"
    site_packages = next(path for path in reasons if path.endswith("/site-packages"))
    assert reasons[site_packages] == "packages of the environment"
    assert "standard library" in reasons.values()


def test_five_thousand_pipelines_load(load: Load, write: Write) -> None:
    write(
        "many.py",
        """
        from skerry import PipelineDefinition, op, repository

        @op(description="d" * 500)
        def a(): ...

        @repository
        def many():
            return [PipelineDefinition(name=f"pipeline_{n}", solids=[a], description="d" * 500) for n in range(5000)]
        """,
    )
    workspace = load("load_from: [{python_file: many.py}]")
    assert workspace.wait(60)
    assert workspace["many.py"].state is State.READY, workspace["many.py"].error
    assert len(workspace["many.py"].repositories[0].pipelines) == 5000
