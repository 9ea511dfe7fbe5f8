"""Every file in ``tests/examples/invalid/`` beside what is printed for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from skerry.errors import WorkspaceFileError
from skerry.plugin.registry import Registry
from skerry.workspace_file import Code, document, read_workspace_files

INVALID = Path(__file__).parents[1] / "examples" / "invalid"
EXAMPLES = sorted(path.stem for path in INVALID.glob("*.yaml"))
LOADERS = [yaml.SafeLoader, *([yaml.CSafeLoader] if yaml.__with_libyaml__ else [])]


def printed(path: Path) -> str:
    try:
        description = read_workspace_files([path], Registry())
    except WorkspaceFileError as error:
        return f"{error}\nThe file fails whole.\n"
    lines = [str(problem) for problem in description.problems]
    lines += [f"{entry.name!r}: {'loads' if entry.origin else 'fails'}" for entry in description.entries]
    return "".join(f"{line}\n" for line in lines)


@pytest.mark.parametrize("loader", LOADERS, ids=lambda loader: loader.__name__)
@pytest.mark.parametrize("example", EXAMPLES)
def test_a_wrong_file_is_told_by_place_and_remedy(
    example: str, loader: type[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(INVALID)
    monkeypatch.setattr(document, "LOADER", loader)

    assert printed(Path(f"{example}.yaml")) == Path(f"{example}.txt").read_text()


def codes(path: Path) -> set[str]:
    try:
        return {problem.code for problem in read_workspace_files([path], Registry()).problems}
    except WorkspaceFileError as error:
        return {problem.code for problem in error.problems}


def test_every_code_is_shown_by_an_example_or_a_test() -> None:
    shown = set().union(*(codes(INVALID / f"{example}.yaml") for example in EXAMPLES))
    tests = "".join(path.read_text() for path in Path(__file__).parents[1].glob("*/test_*.py"))

    assert [code for code in Code if code not in shown and f'"{code}"' not in tests] == []


def test_every_example_has_its_expected_output() -> None:
    assert sorted(path.stem for path in INVALID.glob("*.txt")) == EXAMPLES
    assert len(EXAMPLES) >= 60
