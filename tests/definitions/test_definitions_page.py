from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.user_code import run_file

from skerry import RepositoryDefinition
from skerry.definitions import cron
from skerry.definitions.contexts import CURSOR_LIMIT
from skerry.definitions.evaluating import RUN_LIMIT

PAGE = Path(__file__).parents[2] / "docs" / "definitions.md"


def test_the_examples_of_the_page_are_one_program_that_works(tmp_path: Path) -> None:
    blocks = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 9
    program = tmp_path / "page.py"
    program.write_text("\n\n".join(blocks))
    module = run_file(program)
    repositories = [value for value in vars(module).values() if isinstance(value, RepositoryDefinition)]
    assert [each.name for each in repositories] == ["sales", "sales_by_country"]
    for each in repositories:
        contents = each.definitions()
        assert contents.pipelines
        assert contents.failures == ()


def test_the_limits_of_answers_are_those_of_the_code() -> None:
    words = " ".join(PAGE.read_text().split())
    assert f"at most {RUN_LIMIT // 1024} KiB with its tags and key" in words
    assert f"a text of at most {CURSOR_LIMIT // 1024} KiB" in words


@pytest.mark.parametrize("nickname", cron.NICKNAMES)
def test_the_page_names_every_nickname_of_a_cron_schedule(nickname: str) -> None:
    assert f"`{nickname}`" in PAGE.read_text()
