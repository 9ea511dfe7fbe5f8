"""The systems to beat, each in an environment of its own, installed when it is missing."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from benchmarks.measure import BenchmarkError, say
from benchmarks.processes import environment

#: Seconds that one installation may take.
_INSTALL_LIMIT = 600
_SCRIPTS = Path(__file__).parent / "peer_scripts"


@dataclass(frozen=True)
class Peer:
    """What to install, and how it is driven. ``solid`` and ``pipeline``: its words for them.

    ``queue``: the settings of its run queue with which it is fastest.
    """

    version: str
    python: str
    requirements: tuple[str, ...]
    listing: tuple[str, ...]
    running: tuple[str, ...]
    solid: str
    pipeline: str
    queue: Mapping[str, object]

    @property
    def name(self) -> str:
        """Its name in the report."""
        return f"Dagster {self.version}"


#: The version whose manual Skerry's specification is. Its pins are those with which it still runs.
DAGSTER_0_12 = Peer(
    version="0.12.15",
    python="3.8",
    requirements=(
        "dagster==0.12.15",
        "dagit==0.12.15",
        "protobuf<3.21",
        "SQLAlchemy<1.4",
        "markupsafe<2.1",
        "grpcio<1.49",
        "grpcio-health-checking<1.49",
        "python-dateutil<2.9",
        "pendulum<3",
        "click<8",
        "ipython_genutils",
        "psutil",
    ),
    listing=("pipeline", "list"),
    running=("pipeline", "execute", "-p"),
    solid="solid",
    pipeline="pipeline",
    queue={"max_concurrent_runs": 1000, "dequeue_interval_seconds": 1},  # it cannot be told to have no limit
)
#: A recent one.
DAGSTER_1_13 = Peer(
    version="1.13.27",
    python="3.11",
    requirements=("dagster==1.13.27", "dagster-webserver==1.13.27", "psutil"),
    listing=("job", "list"),
    running=("job", "execute", "-j"),
    solid="op",
    pipeline="job",
    queue={
        "max_concurrent_runs": -1,
        "dequeue_interval_seconds": 1,
        "dequeue_use_threads": True,
        "dequeue_num_workers": len(os.sched_getaffinity(0)),
    },
)
PEERS = (DAGSTER_0_12, DAGSTER_1_13)


@dataclass(frozen=True)
class Installation:
    """A peer on this machine, or the reason why it is not: ``failure``. ``home``: its own folder for what it stores."""

    peer: Peer
    folder: Path
    home: Path
    failure: str = ""

    @property
    def python(self) -> str:
        """Its interpreter. Raises BenchmarkError when it is not there."""
        if self.failure:
            raise BenchmarkError(self.failure)
        return str(self.folder / "bin" / "python")

    @property
    def variables(self) -> Mapping[str, str]:
        """What it needs in its environment. The sockets of servers that are killed stay in TMPDIR."""
        return {"DAGSTER_HOME": str(self.home), "TMPDIR": str(self.home)}

    def listing(self, workspace_file: Path) -> list[str]:
        """Give the command that lists what a workspace holds."""
        return [self.python, str(self.folder / "bin" / "dagster"), *self.peer.listing, "-w", str(workspace_file)]

    def running(self, code: Path, pipeline: str) -> list[str]:
        """Give the command that runs a pipeline of a file."""
        return [self.python, str(self.folder / "bin" / "dagster"), *self.peer.running, pipeline, "-f", str(code)]

    def loading(self, workspace_file: Path) -> list[str]:
        """Give the script that loads a workspace, as ``processes.script`` wants it."""
        return [self.python, str(_SCRIPTS / "load_dagster.py"), str(workspace_file)]

    def queueing(self, count: int, workspace_file: Path, code: Path, pipeline: str) -> list[str]:
        """Give the script that queues runs of the one location of a workspace, as ``processes.script`` wants it."""
        script = str(_SCRIPTS / "queue_dagster.py")
        return [self.python, script, str(count), str(workspace_file), str(code), pipeline]

    @contextlib.contextmanager
    def with_queue(self) -> Iterator[Installation]:
        """Give the same with a home of its own whose runs are queued; it is removed at the end."""
        with tempfile.TemporaryDirectory(dir=self.home.parent) as home:
            coordinator = {"module": "dagster.core.run_coordinator", "class": "QueuedRunCoordinator"}
            settings = {"run_coordinator": {**coordinator, "config": self.peer.queue}, "telemetry": {"enabled": False}}
            (Path(home) / "dagster.yaml").write_text(json.dumps(settings))
            yield replace(self, home=Path(home))


def install(peer: Peer, folder: Path, home: Path) -> Installation:
    """Install a peer below ``folder``, unless it is there; whatever goes wrong is told, in the result."""
    home.mkdir(parents=True)
    (home / "dagster.yaml").touch()
    target = folder / f"dagster-{peer.version}"
    if _installed(peer, target):
        return Installation(peer, target, home)
    say(f"Installing {peer.name} into {target}")
    try:
        _install(peer, target)
    except (BenchmarkError, OSError) as error:
        shutil.rmtree(target, ignore_errors=True)
        say(f"  {peer.name} cannot be installed: {error}")
        return Installation(peer, target, home, f"{peer.name} cannot be installed here")
    return Installation(peer, target, home)


def add(python: str, module: str) -> None:
    """Install a module into an environment of ours or of a peer, unless it is there. Raises BenchmarkError."""
    probe = subprocess.run([python, "-c", f"import {module}"], env=environment(), capture_output=True, check=False)
    if probe.returncode == 0:
        return
    say(f"Installing {module} for {python}")
    line = [python, "-m", "pip", "install", "--quiet", module]
    try:
        subprocess.run(line, env=environment(), capture_output=True, timeout=_INSTALL_LIMIT, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        raise BenchmarkError(f"{module} cannot be installed for {python}: {error}") from error


def _installed(peer: Peer, target: Path) -> bool:
    return any(target.glob(f"lib/python*/site-packages/dagster-{peer.version}.dist-info"))


def _install(peer: Peer, target: Path) -> None:
    python = _find_python(peer.python)
    target.parent.mkdir(parents=True, exist_ok=True)
    log = target.with_name(f"{target.name}.log")
    with log.open("w") as output:
        try:
            _run([python, "-m", "venv", str(target)], output)
            _run([str(target / "bin" / "python"), "-m", "pip", "install", "--quiet", *peer.requirements], output)
        except subprocess.SubprocessError as error:
            raise BenchmarkError(f"{error}; see {log}") from error


def _run(line: list[str], output: IO[str]) -> None:
    subprocess.run(line, env=environment(), stdout=output, stderr=output, timeout=_INSTALL_LIMIT, check=True)


def _find_python(version: str) -> str:
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    found = [*map(str, sorted(pyenv.glob(f"versions/{version}.*/bin/python"))), shutil.which(f"python{version}")]
    for python in filter(None, found):
        return python
    raise BenchmarkError(f"there is no CPython {version} on PATH or in pyenv's folder")
