"""User code in a file, run as a module of this process."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

from skerry import DefinitionError
from skerry.definitions import Definition

#: Runs a piece of user code.
Run = Callable[[str], ModuleType]
#: Runs a piece of user code that must be refused at the line that bears ARROW.
Fail = Callable[[str], DefinitionError]

ARROW = "# <-"

_IMPORTS = (
    "from skerry import InputDefinition, OutputDefinition, PipelineDefinition, job, op, pipeline, repository",
    "from skerry import RunRequest, SensorResult, SkipReason, schedule, sensor, solid",
)


def with_imports(text: str) -> str:
    """Put the import of everything before user code, in the user code's indentation."""
    first = next(line for line in text.splitlines() if line.strip())
    margin = first[: len(first) - len(first.lstrip())]
    return "\n".join(margin + line for line in _IMPORTS) + "\n" + text


def run_file(path: Path) -> ModuleType:
    """Run a file as the module ``user``."""
    spec = importlib.util.spec_from_file_location("user", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def line_of(path: Path, mark: str = ARROW) -> int:
    """Give the number of the one line that bears a mark."""
    (number,) = [number for number, line in enumerate(path.read_text().splitlines(), 1) if mark in line]
    return number


def source_of(definition: Definition) -> str:
    """Give the line of the user's file at which a definition says it is."""
    assert definition.file
    assert definition.line
    return Path(definition.file).read_text().splitlines()[definition.line - 1].strip()
