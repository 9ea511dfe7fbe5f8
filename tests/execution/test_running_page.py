"""docs/running.md: its examples are one program that works."""

from __future__ import annotations

from pathlib import Path

from support.pages import blocks, read
from support.user_code import run_file


def test_the_examples_of_the_page_are_one_program_that_works(tmp_path: Path) -> None:
    found = blocks(read("docs/running.md"), "python")
    assert len(found) >= 9
    program = tmp_path / "page.py"
    program.write_text("\n\n".join(block.text for block in found))
    run_file(program)
