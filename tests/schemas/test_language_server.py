"""An editor with yaml-language-server: it completes, explains and underlines, for built-in types and others'."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.commands import skerry
from support.language_server import LanguageServer, language_server
from support.plugins import NOTEBOOK, QUEUE, install, install_launcher

ERROR = 1


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LanguageServer]:
    """Give a server that knows the schema of an installation with a third party's type and run launcher."""
    folder = tmp_path_factory.mktemp("editor")
    install(folder / "site", "notebook", NOTEBOOK)
    install_launcher(folder / "site", "queue", QUEUE, "Queue")
    written = skerry(folder, "schema", "--output", "skerry.schema.json", PYTHONPATH=str(folder / "site"))
    assert written.returncode == 0, written.stderr
    schema = (folder / "skerry.schema.json").as_uri()
    settings: dict[str, Any] = {"validate": True, "hover": True, "completion": True, "schemaStore": {"enable": False}}
    with language_server({**settings, "schemas": {schema: "/*/*.yaml"}}, folder) as running:
        yield running


def uri(request: pytest.FixtureRequest) -> str:
    return Path("/srv", f"{abs(hash(request.node.name))}.yaml").as_uri()


def labels(answer: Any) -> dict[str, Any]:
    items = answer["items"] if isinstance(answer, dict) else answer
    return {item["label"]: item for item in items}


@pytest.mark.parametrize(
    ("text", "column", "label", "words"),
    [
        ("python_file:\n      relative_path: a.py\n      ", 6, "startup_timeout", "How long loading may take"),
        ("notebook:\n      file: a.ipynb\n      ", 6, "cells", "How many cells to run."),
        ("", 4, "python_package", "installed Python package"),
        ("", 4, "notebook", "repositories of a notebook"),
    ],
)
def test_it_completes_keys(
    server: LanguageServer, request: pytest.FixtureRequest, text: str, column: int, label: str, words: str
) -> None:
    document = f"load_from:\n  - {text}"
    server.open(uri(request), document)
    proposed = labels(server.at("completion", uri(request), document.count("\n"), column))
    assert label in proposed, sorted(proposed)
    assert words in str(proposed[label]["documentation"])


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ("python_file:\n      relative_path: a.py", 2, 8, "The file, relative to the workspace file."),
        ("python_file:\n      relative_path: a.py\n      start: fresh", 3, 8, "How the process begins"),
        ("python_file:\n      relative_path: a.py", 1, 6, "Load the repositories of a Python file."),
        ("python_file: a.py", 1, 6, "The file, relative to the workspace file."),
        ("notebook:\n      file: a.ipynb\n      cells: 3", 3, 8, "How many cells to run."),
    ],
)
def test_it_explains_the_key_below_the_pointer(
    server: LanguageServer, request: pytest.FixtureRequest, text: str, line: int, column: int, words: str
) -> None:
    assert server.open(uri(request), f"load_from:\n  - {text}\n") == []
    shown = server.at("hover", uri(request), line, column)
    assert words in shown["contents"]["value"]


@pytest.mark.parametrize(
    ("text", "underlined", "words"),
    [
        ("python_file: {relative_path: a.py, strat: fresh}", "strat", "strat is not allowed"),
        ("python_file: {relative_path: a.py, start: frehs}", "frehs", '"fork", "fresh"'),
        ("python_file: {relative_path: a.py, startup_timeout: soon}", "soon", '"number"'),
        ("python_fiel: a.py", "python_fiel", "python_fiel is not allowed"),
        ("notebook: {file: a.ipynb, cels: 3}", "cels", "cels is not allowed"),
        ("notebook: {file: a.ipynb, cells: 0}", "0", "minimum"),
    ],
)
def test_it_underlines_a_mistake_where_it_is(
    server: LanguageServer, request: pytest.FixtureRequest, text: str, underlined: str, words: str
) -> None:
    line = f"  - {text}"
    (told,) = server.open(uri(request), f"load_from:\n{line}\n")
    assert told["severity"] == ERROR
    assert words in told["message"]
    start, end = told["range"]["start"], told["range"]["end"]
    assert (start["line"], end["line"]) == (1, 1)
    assert line[start["character"] : end["character"]] == underlined


def test_it_knows_the_run_launchers_and_their_options(server: LanguageServer, request: pytest.FixtureRequest) -> None:
    head = "load_from: []\nrun_launcher:"
    assert server.open(uri(request), f"{head}\n  ") is not None
    assert {"process", "queue"} <= set(labels(server.at("completion", uri(request), 2, 2)))
    inside = uri(request).replace(".yaml", "-inside.yaml")
    server.open(inside, f"{head}\n  queue:\n    name: jobs\n    ")
    proposed = labels(server.at("completion", inside, 4, 4))
    assert "How many at a time." in str(proposed["size"]["documentation"])
    alone = uri(request).replace(".yaml", "-alone.yaml")
    server.open(alone, f"{head} ")
    assert "process" in labels(server.at("completion", alone, 1, 14))
    good = uri(request).replace(".yaml", "-good.yaml")
    assert server.open(good, f"{head}\n  queue: {{name: jobs, size: '${{SIZE}}'}}\n") == []
    wrong = uri(request).replace(".yaml", "-wrong.yaml")
    (told,) = server.open(wrong, f"{head}\n  queue: {{name: jobs, sise: 3}}\n")
    assert "sise is not allowed" in told["message"]


def test_it_accepts_references_and_strikes_out_what_is_deprecated(
    server: LanguageServer, request: pytest.FixtureRequest
) -> None:
    good = "load_from:\n  - python_file: {relative_path: a.py, startup_timeout: '${SECONDS}', start: {env: START}}\n"
    assert server.open(uri(request), good) == []
    (told,) = server.open(uri(request).replace(".yaml", "-old.yaml"), "load_from:\n  - python_module: sales\n")
    assert "use python_package for installed code" in told["message"]


def test_the_schema_may_be_named_in_the_file_itself(
    server: LanguageServer, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    written = skerry(tmp_path, "schema", "--output", "own.json")
    assert written.returncode == 0, written.stderr
    named = f"# yaml-language-server: $schema={(tmp_path / 'own.json').as_uri()}\n"
    # Outside the pattern of the settings: only the first line tells the editor.
    (told,) = server.open((tmp_path / "workspace.yml").as_uri(), f"{named}load_from: {{}}\n")
    assert '"array"' in told["message"]
