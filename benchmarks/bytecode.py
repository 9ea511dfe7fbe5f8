"""Bytecode, compiled beforehand on every side: a first run must not pay for what later ones do not."""

from __future__ import annotations

import subprocess
from pathlib import Path

from benchmarks.measure import BenchmarkError
from benchmarks.processes import environment

_SCRIPT = Path(__file__).parent / "peer_scripts" / "compile_bytecode.py"
#: Seconds; some thousand files at the first time, none later.
_LIMIT = 300


def compile_bytecode(python: str, *folders: Path) -> None:
    """Compile an interpreter's standard library, its packages and these folders. Raises BenchmarkError."""
    line = [python, str(_SCRIPT), *map(str, folders)]
    try:
        subprocess.run(line, env=environment(), stdout=subprocess.DEVNULL, timeout=_LIMIT, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        raise BenchmarkError(f"its bytecode could not be compiled: {error}") from error
