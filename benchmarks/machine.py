"""Where the figures were taken: the machine, and the version of everything."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

import psutil

from benchmarks.measure import BenchmarkError
from benchmarks.peers import Installation
from benchmarks.processes import environment

_OURS = ("skerry", "click", "rich", "PyYAML", "jsonschema", "pluggy", "grpcio", "protobuf")
_THEIRS = ("grpcio", "protobuf", "SQLAlchemy")
_ASK = (
    "import platform, sys\n"
    "from importlib.metadata import version\n"
    "print(platform.python_version(), *(f'{name} {version(name)}' for name in sys.argv[1:]), sep=', ')"
)


def describe_machine() -> list[tuple[str, str]]:
    """Give what there is to say of the machine, and how busy it was when the benchmark began."""
    memory = psutil.virtual_memory().total / 1e9
    return [
        ("processor", f"{_processor()}, {len(os.sched_getaffinity(0))} cores"),
        ("memory", f"{memory:.0f} GB"),
        ("system", f"{platform.system()} {platform.release()}"),
        ("load average at the start", f"{os.getloadavg()[0]:.2f}"),
    ]


def describe_versions(peers: Iterable[Installation]) -> list[tuple[str, str]]:
    """Give the versions on every side."""
    ours = ", ".join(f"{name} {version(name)}" for name in _OURS[1:])
    return [
        (f"Skerry {version(_OURS[0])}", f"CPython {platform.python_version()}, {ours}"),
        *((each.peer.name, _versions(each)) for each in peers),
    ]


def _versions(installation: Installation) -> str:
    try:
        line = [installation.python, "-c", _ASK, *_THEIRS]
        done = subprocess.run(line, env=environment(), capture_output=True, text=True, check=True)
    except BenchmarkError as error:
        return str(error)
    return f"CPython {done.stdout.strip()}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
