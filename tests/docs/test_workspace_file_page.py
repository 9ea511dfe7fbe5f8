"""docs/workspace-file.md: its tables are made of the schemas, and its examples load."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest
from support.pages import PAGES, ROOT, Block, blocks, page_id, read, section, table
from support.shell import Shell

from skerry import State, Workspace
from skerry.model import Severity
from skerry.plugin.registry import Registry
from skerry.workspace_file import Code, read_workspace_files

PAGE = read("docs/workspace-file.md")


def _examples(page: Path) -> list[Block]:
    """Give the workspace files on a page that say to which folder they belong."""
    return [block for block in blocks(page.read_text(), "yaml") if block.folder]


WITH_EXAMPLES = [page for page in PAGES if _examples(page)]


def test_the_reference_is_what_the_schemas_say() -> None:
    made = runpy.run_path(str(ROOT / "docs" / "make_reference.py"))["with_reference"](PAGE)
    assert made == PAGE, "run: python docs/make_reference.py"


def test_every_code_of_a_problem_is_in_the_table_and_no_other() -> None:
    assert [row[0].strip("`") for row in table(section(PAGE, "## Problems"))] == [code.value for code in Code]


@pytest.mark.parametrize("page", WITH_EXAMPLES, ids=page_id)
def test_the_workspace_files_on_a_page_load(page: Path, folder: Path, nothing_left: None) -> None:
    examples = _examples(page)
    with Shell(folder) as shell:
        for block in blocks(page.read_text()):
            if block.file:
                shell.write(block)
            elif block.server == "begins":
                shell.serve(block)
            elif block in examples:
                file = folder / block.folder / "on_the_page.yaml"
                file.write_text(shell.here(block.text))
                _loads(file, f"{page.name}:{block.line}")


def _loads(file: Path, place: str) -> None:
    with Workspace.load(file) as workspace:
        assert workspace.wait(60)
        errors = {location.name: location.error for location in workspace if location.state is not State.READY}
        assert errors == {}, place


def test_every_example_of_the_reference_loads() -> None:
    wrong = blocks(section(PAGE, "## Problems"), "yaml")
    files = [block for block in blocks(PAGE, "yaml") if block.file]  # a command on the page uses them
    assert all(f"-w {Path(block.file).name}" in PAGE for block in files)
    loaded = len(_examples(ROOT / "docs" / "workspace-file.md")) + len(files)
    assert loaded == len(blocks(PAGE, "yaml")) - len(wrong)


def test_the_wrong_example_is_told_as_the_page_shows(tmp_path: Path) -> None:
    problems = section(PAGE, "## Problems")
    (wrong,), (words,) = blocks(problems, "yaml"), blocks(problems, "text")
    file = tmp_path / "workspace.yaml"
    file.write_text(wrong.text)
    found = read_workspace_files([file], Registry()).problems
    told = [str(one).replace(f"{tmp_path}/", "") for one in found if one.severity is Severity.ERROR]
    assert words.text.rstrip() in told
