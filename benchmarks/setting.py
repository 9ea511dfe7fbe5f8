"""What all cases share: where they may write, the peers, and how often to run."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from benchmarks.bytecode import compile_bytecode
from benchmarks.measure import BenchmarkError
from benchmarks.peers import Installation
from benchmarks.processes import script, time_command
from benchmarks.workspaces import SHOWN, write_workspace

_LOAD = Path(__file__).parent / "own_scripts" / "load_skerry.py"
_START_PROCESSES = Path(__file__).parent / "own_scripts" / "start_processes.py"

OURS = "Skerry"
#: A command of the environment that Skerry is installed in.
SKERRY = str(Path(sys.executable).parent / "skerry")

Running = AbstractContextManager[tuple[dict[str, Any], psutil.Process]]


@dataclass(frozen=True)
class Setting:
    """``folder``: for workspaces, gone afterwards; ``quick``: fewer runs; ``environments``: where the peers' are."""

    folder: Path
    peers: Sequence[Installation]
    quick: bool
    environments: Path

    def rounds(self, wanted: int) -> int:
        """Give the number of rounds to run."""
        return min(wanted, 2) if self.quick else wanted

    def workspace(self, count: int, import_seconds: float = 0.0) -> Path:
        """Give the file of a workspace of ``count`` hello worlds for Skerry; each import takes so long by itself."""
        file = self.folder / f"skerry-{count}-{import_seconds:g}" / "workspace.yaml"
        if not file.exists():
            words = {"library": "skerry", "solid": "solid", "pipeline": "pipeline"}
            write_workspace(file.parent, count, **words, import_seconds=import_seconds)
            compile_bytecode(sys.executable, file.parent)
        return file

    def peer_workspace(self, installation: Installation, count: int, import_seconds: float = 0.0) -> Path:
        """Give the file of the same workspace for a peer. Raises BenchmarkError when the peer is missing."""
        peer = installation.peer
        file = self.folder / f"dagster-{peer.version}-{count}-{import_seconds:g}" / "workspace.yaml"
        if not file.exists():
            python = installation.python
            words = {"library": "dagster", "solid": peer.solid, "pipeline": peer.pipeline}
            write_workspace(file.parent, count, **words, import_seconds=import_seconds)
            compile_bytecode(python, file.parent)
        return file

    def list_one(self) -> float:
        """Give the seconds of ``skerry inspect`` with one location."""
        file = self.workspace(1)
        return time_command([SKERRY, "inspect", "-w", str(file)], file.parent, expect=SHOWN)

    def list_one_with(self, installation: Installation) -> float:
        """Give the seconds of a peer's listing of one location."""
        file = self.peer_workspace(installation, 1)
        return time_command(installation.listing(file), file.parent, installation.variables, expect=SHOWN)

    def run_one(self) -> float:
        """Give the seconds of ``skerry run`` with one location."""
        file = self.workspace(1)
        return time_command([SKERRY, "run", SHOWN, "-w", str(file)], file.parent, expect="SUCCEEDED")

    def run_one_with(self, installation: Installation) -> float:
        """Give the seconds of a peer's run of the same."""
        file = self.peer_workspace(installation, 1)
        code = next(file.parent.glob("*.py"))
        return time_command(installation.running(code, SHOWN), file.parent, installation.variables, expect="SUCCESS")

    def load(self, count: int, import_seconds: float = 0.0) -> Running:
        """Load ``count`` locations with Skerry; see ``processes.script``."""
        return self.load_file(self.workspace(count, import_seconds))

    def load_file(self, file: Path) -> Running:
        """Load any workspace file with Skerry."""
        return script([sys.executable, str(_LOAD), str(file)], file.parent)

    def load_with(self, installation: Installation, count: int, import_seconds: float = 0.0) -> Running:
        """Load ``count`` locations with a peer."""
        return self.load_file_with(installation, self.peer_workspace(installation, count, import_seconds))

    def load_file_with(self, installation: Installation, file: Path) -> Running:
        """Load any workspace file with a peer."""
        return script(installation.loading(file), file.parent, installation.variables)

    def start_processes(self, how: str, count: int) -> Running:
        """Start bare processes, which is the floor: ``fork``, ``fresh``, or forked ones that import this file."""
        return script([sys.executable, str(_START_PROCESSES), how, str(count)], self.folder)


def seconds_of(running: Running, count: int) -> float:
    """Give how long it took until all ``count`` were ready. Raises BenchmarkError when some are not."""
    with running as (answer, _):
        if answer["ready"] != count:
            raise BenchmarkError(f"{answer['ready']} of {count} locations were ready")
        return float(answer["seconds"])
