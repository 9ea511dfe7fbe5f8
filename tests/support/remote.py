"""Remote locations as a person looks at them: ``skerry inspect --json`` of a workspace file with one."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from support.commands import environment


@dataclass(frozen=True)
class Shown:
    """What is shown of the one location. ``error``: its message, empty if there is none; ``text``: all of it."""

    state: str
    kind: str
    error: str
    text: str


def inspect(folder: Path, options: str, command: tuple[str, ...] = (), **variables: str) -> Shown:
    """Load ``grpc_server: {OPTIONS}`` in a process of its own; ``command`` goes before it, as for another network."""
    file = folder / "remote.yaml"
    file.write_text(f"load_from: [grpc_server: {{{options}, location_name: remote}}]\n")
    answer = subprocess.run(
        [*command, sys.executable, "-m", "skerry", "inspect", "-w", str(file), "--json"],
        env=environment(**variables),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    (location,) = json.loads(answer.stdout)["locations"]
    error = location["error"] or {"kind": "", "message": ""}
    return Shown(location["state"], error["kind"], error["message"], answer.stdout + answer.stderr)
