from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from support.user_code import Fail, Run, line_of, run_file, with_imports

from skerry import DefinitionError


@pytest.fixture
def run(write: Callable[[str, str], Path]) -> Run:
    """Run user code from a file."""
    return lambda text: run_file(write("user.py", with_imports(text)))


@pytest.fixture
def fail(write: Callable[[str, str], Path]) -> Fail:
    """Run user code that must raise a DefinitionError with the line that bears the arrow."""

    def run_and_fail(text: str) -> DefinitionError:
        path = write("user.py", with_imports(text))
        with pytest.raises(DefinitionError) as caught:
            run_file(path)
        assert (caught.value.file, caught.value.line) == (str(path), line_of(path))
        return caught.value

    return run_and_fail
