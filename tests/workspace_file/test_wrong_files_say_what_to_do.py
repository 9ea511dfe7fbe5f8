"""Every file in ``invalid/`` beside what is printed for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from skerry.errors import WorkspaceFileError
from skerry.plugin.registry import Registry
from skerry.workspace_file import document, read_workspace_files

INVALID = Path(__file__).parent / "invalid"
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


def test_every_example_has_its_expected_output() -> None:
    assert EXAMPLES == sorted(path.stem for path in INVALID.glob("*.txt"))
    assert len(EXAMPLES) >= 60
