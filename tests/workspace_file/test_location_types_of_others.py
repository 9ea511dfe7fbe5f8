"""A third party's location types, good and broken ones: each costs its own entry at most."""

from __future__ import annotations

from collections.abc import Callable
from importlib import metadata
from itertools import count
from pathlib import Path

import pytest

from skerry.plugin.registry import GROUP, Registry
from skerry.workspace_file import WorkspaceDescription, read_workspace_files

Write = Callable[[str, str], Path]
Describe = Callable[[str, str], WorkspaceDescription]

PLUGIN = """
import sys
from pathlib import Path
from skerry.plugin import ErrorKind, LocationError, LocationType, hookimpl

class Notebook(LocationType):
    key = "notebook"
    summary = "A notebook"
    schema = {{"type": "object", "properties": {{"cells": {{"type": "array", "maxItems": 2}},
               "mode": {{"const": "live"}}, "title": {{"pattern": "^[A-Z]", "maxLength": 5, "minLength": 2}},
               "path": {{"type": "string"}}, "size": {{"anyOf": [{{"type": "number"}}, {{"enum": ["small"]}}]}}}},
               "required": ["cells"], "additionalProperties": False}}
    def default_name(self, options):
        return "notebook"
    def open(self, origin, runtime):
        raise NotImplementedError
{body}

@hookimpl
def skerry_location_types():
    return [Notebook()]
"""

numbers = count()


@pytest.fixture
def describe(write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Describe:
    """Read a workspace of one notebook beside one good Python file, with ``body`` in the type's class."""
    monkeypatch.syspath_prepend(tmp_path / "plugins")

    def describe_entry(body: str, entry: str) -> WorkspaceDescription:
        module = f"notebook_plugin_{next(numbers)}"
        write(f"plugins/{module}.py", PLUGIN.format(body=body))
        points = [*metadata.entry_points(group=GROUP), metadata.EntryPoint("notebook", module, GROUP)]
        text = f"load_from:\n  - notebook: {entry}\n  - python_file: hello.py\n"
        description = read_workspace_files([write("workspace.yaml", text)], Registry(points))
        assert description.entries[1].origin is not None
        return description

    return describe_entry


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("    def normalize(self, options, context): return options['nothing']", "normalize: KeyError"),
        ("    def normalize(self, options, context): sys.exit(3)", "normalize: SystemExit: 3"),
        ("    def normalize(self, options, context): return None", "normalize: TypeError"),
        ("    def normalize(self, options, context): return {'a': Path('b')}", "normalize: TypeError"),
        ("    def normalize(self, options, context): return {'a': float('nan')}", "normalize: ValueError"),
        (
            "    def normalize(self, options, context): raise LocationError(ErrorKind.FILE_NOT_FOUND)",
            "normalize: LocationError",
        ),
        ("    def default_name(self, options): return 1 / 0", "default_name: ZeroDivisionError"),
        ("    def default_name(self, options): return ''", "default_name: TypeError"),
        ("    schema = {'type': 'strnig'}", "schema: UnknownType"),
    ],
)
def test_a_defect_of_a_plugin_is_named_as_one(describe: Describe, body: str, words: str) -> None:
    description = describe(body, "{cells: []}")

    (problem,) = description.problems
    assert (problem.code, problem.line, problem.column) == ("PLUGIN_FAILED", 2, 5)
    assert words in problem.message
    assert "`notebook`" in problem.message
    assert "defect of the plugin" in problem.hint
    assert description.entries[0].origin is None


def test_the_place_of_a_defect_is_told(describe: Describe, tmp_path: Path) -> None:
    reading = describe(
        "    def normalize(self, options, context): return context.path(options['cells'])", "{cells: []}"
    )
    importing = describe("    nothing", "{cells: []}")
    mistyped = describe("    def", "{cells: []}")

    line = PLUGIN.strip().splitlines().index("{body}") + 1
    for description, words in ((reading, "TypeError: "), (importing, "NameError: "), (mistyped, "SyntaxError: ")):
        (problem,) = description.problems
        assert words in problem.message
        file, _, number = problem.message.rpartition("(")[2].removesuffix(").").rpartition(":")
        assert (Path(file).parent, int(number)) == (tmp_path / "plugins", line)


def test_a_path_that_is_made_of_a_references_text_is_a_defect(
    describe: Describe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SKERRY_EXAMPLE_HOME", "/srv/notebooks")
    body = "    def normalize(self, options, context): return {**options, 'path': str(context.path(options['path']))}"
    below = describe(body, "{cells: [], path: 'here/${SKERRY_EXAMPLE_HOME}'}")
    whole = describe(body, "{cells: [], path: '${SKERRY_EXAMPLE_HOME}/a'}")

    assert below.problems == ()
    (problem,) = whole.problems
    assert (problem.code, problem.line, problem.column) == ("PLUGIN_FAILED", 2, 5)
    assert 'it makes a path of the reference in `path`, whose schema wants "writeOnly": False' in problem.message
    assert whole.entries[0].origin is None


def test_a_plugin_that_cannot_be_imported_costs_its_entry_which_keeps_its_name(describe: Describe) -> None:
    description = describe("    raise RuntimeError('no kernel')", "{cells: [], location_name: mine}")

    (problem,) = description.problems
    assert (problem.code, problem.location) == ("PLUGIN_BROKEN", "mine")
    assert "RuntimeError: no kernel" in problem.message


def test_a_refusal_is_told_in_the_words_of_the_type(describe: Describe) -> None:
    refusal = "'The notebook has no cells.\\nAdd one.'"
    description = describe(
        f"    def normalize(self, options, context): raise LocationError(reason={refusal})", "{cells: []}"
    )

    (problem,) = description.problems
    assert (problem.code, problem.location) == ("ENTRY_REFUSED", "notebook")
    assert (problem.message, problem.hint) == ("The notebook has no cells.", "Add one.")


def test_a_type_without_a_short_form_says_so(describe: Describe) -> None:
    description = describe("", "hello.ipynb")

    assert [str(problem).partition(": error: ")[2] for problem in description.problems] == [
        "`notebook` takes a mapping of options; this is a string.\n"
        "  Write its options indented below; required: `cells`."
    ]


def test_a_plugin_gets_options_without_what_core_added_and_cannot_share_what_it_gives(describe: Describe) -> None:
    body = """
    kept = []
    def normalize(self, options, context):
        self.kept.append(sorted(options))
        return {"cells": self.kept, "pair": (1, 2)}
"""
    description = describe(body, "{cells: [], location_name: mine, startup_timeout: 2}")

    origin = description.entries[0].origin
    assert origin is not None
    assert origin.options == {"cells": [["cells"]], "pair": [1, 2]}
    assert (origin.location_name, origin.startup_timeout) == ("mine", 2.0)


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        ("cells: [1, 2, 3]", "TOO_LONG", "`cells` is too long: it may have at most 2 items."),
        ("cells: [], title: Abcdef", "TOO_LONG", "`title` is too long: it may have at most 5 characters."),
        ("cells: [], title: A", "TOO_SHORT", "`title` is too short: it needs at least 2 characters."),
        ("cells: [], title: abc", "WRONG_PATTERN", "`title` cannot be `abc`."),
        ("cells: [], mode: lvie", "NOT_A_CHOICE", "`mode` cannot be `lvie`."),
        ("cells: [], size: large", "AGAINST_SCHEMA", "`size` is not as it should be:"),
    ],
)
def test_a_type_may_use_the_rest_of_json_schema(describe: Describe, options: str, code: str, words: str) -> None:
    (problem,) = describe("", f"{{{options}}}").problems

    assert problem.code == code
    assert problem.message.startswith(words)


def test_every_missing_key_is_told_once(describe: Describe) -> None:
    description = describe("    schema = {'type': 'object', 'required': ['cells', 'kernel']}", "{}")

    assert [problem.message for problem in description.problems] == [
        "`notebook` needs the key `cells`.",
        "`notebook` needs the key `kernel`.",
    ]


def test_a_home_folder_that_is_nobodys_is_the_users_mistake(write: Write) -> None:
    path = write("workspace.yaml", "load_from:\n  - python_file: ~nobody_has_this_name/hello.py\n")
    (problem,) = read_workspace_files([path], Registry()).problems

    assert problem.code == "ENTRY_REFUSED"
    assert "~nobody_has_this_name/hello.py" in problem.message
