"""Whatever is killed, reloaded and saved, however often: in the end everything is READY, and nothing is left.

A quarter of a minute among the other tests, half an hour in ``make soak``.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from support.servers import Server, start_server
from support.waiting import wait_until

SOAK = bool(os.environ.get("SKERRY_SOAK"))
#: Seconds in all, seconds of one host's life, and locations.
DURATION = 1800.0 if SOAK else 15.0
LIFE = 240.0 if SOAK else 6.0
LOCATIONS = 50 if SOAK else 8
#: Seconds in which what was disturbed must have come to rest.
REST = 120.0
#: Seconds in which nothing of a host that was killed may be left.
GONE = 5.0
#: Bytes by which a host may grow in its life.
GROWTH = 5 * 1024 * 1024

GOOD = "from skerry import pipeline\n\n@pipeline\ndef {name}():\n    pass\n\nprint('{name}', {number})\n"
#: What user code does besides, in turn.
BESIDES = (
    "",
    "import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', 'import time; time.sleep(3600)'])\n",
    "import threading, time\nthreading.Thread(target=time.sleep, args=(3600,), daemon=True).start()\n",
    "print('x' * 100_000)\n",
    "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n",
)


class Host:
    """One life of a host."""

    def __init__(self, file: Path) -> None:
        script = Path(__file__).with_name("host.py")
        self.process = subprocess.Popen(
            [sys.executable, str(script), str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ask(self, *request: str) -> Any:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def processes(self) -> list[psutil.Process]:
        """Give what it has started and what those have started, as far as it lives."""
        return [one for one in psutil.Process(self.process.pid).children(recursive=True) if lives(one)]

    def end(self, *, kill: bool) -> None:
        """End it, by SIGKILL or by itself; nothing may be left of it."""
        started = self.processes()
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        if kill:
            self.process.kill()
        else:
            self.process.stdin.write(json.dumps(["end"]) + "\n")
        self.process.stdin.close()
        self.process.wait(60)
        self.process.stdout.close()
        wait_until(lambda: not any(map(lives, started)), GONE, "the end of all that the host has started")


def lives(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


class Disturbance:
    """Kills, reloads and saves, by chance."""

    def __init__(self, folder: Path, chance: random.Random) -> None:
        self.folder = folder
        self.chance = chance
        self.names = [f"team{number}" for number in range(LOCATIONS)]
        self.saved = 0
        self.done: dict[str, int] = {}
        for number in range(LOCATIONS):
            self._write(number)

    def disturb(self, host: Host, server: Server) -> None:
        """Do one thing."""
        what = self.chance.choices([self._kill, self._reload, self._save, self._break], [5, 3, 3, 1])[0]
        self.done[what.__name__] = self.done.get(what.__name__, 0) + 1
        what(host, server)

    def mend(self) -> None:
        """Leave no broken file."""
        for number in range(LOCATIONS):
            self._write(number)

    def _kill(self, host: Host, server: Server) -> None:
        processes = host.processes() + psutil.Process(server.pid).children(recursive=True)
        with contextlib.suppress(psutil.NoSuchProcess, IndexError):
            self.chance.choice(processes).kill()

    def _reload(self, host: Host, server: Server) -> None:
        host.ask("reload", self.chance.choice([*self.names, "remote"]))

    def _save(self, host: Host, server: Server) -> None:
        number = self.chance.randrange(LOCATIONS)
        self._write(number)

    def _break(self, host: Host, server: Server) -> None:
        number = self.chance.randrange(LOCATIONS)
        (self.folder / f"team{number}.py").write_text("1 / 0\n")

    def _write(self, number: int) -> None:
        self.saved += 1
        text = BESIDES[number % len(BESIDES)] + GOOD.format(name=f"work{number}", number=self.saved)
        (self.folder / f"team{number}.py").write_text(text)


def rest(host: Host, disturbance: Disturbance) -> None:
    """Mend what is broken, and wait until all is READY, of the newest code: nothing but that is told to the host."""
    disturbance.mend()
    host.ask("reload", "remote")
    wait_until(
        lambda: all(state == ["READY", False] for state in host.ask("states").values()),
        REST,
        f"READY for all: {host.ask('states')} {host.ask('errors')}",
    )
    # A fork server, and for each location its process, with the one that it has started in its turn.
    local = sum(2 if number % len(BESIDES) == 1 else 1 for number in range(LOCATIONS))
    wait_until(lambda: len(host.processes()) == 1 + local, REST, f"{1 + local} processes, not {host.processes()}")


@pytest.mark.timeout(DURATION + 600)
def test_in_the_end_everything_is_ready_and_nothing_has_leaked(tmp_path: Path, nothing_left: None) -> None:
    seed = int(os.environ.get("SKERRY_SOAK_SEED", time.time()))
    print(f"SKERRY_SOAK_SEED={seed}")
    chance = random.Random(seed)
    disturbance = Disturbance(tmp_path, chance)
    file = tmp_path / "workspace.yaml"
    with serving_always(tmp_path) as server:
        entries = [f"python_file: {{relative_path: {name}.py, location_name: {name}}}" for name in disturbance.names]
        entries.append(f"grpc_server: {{port: {server.port}, location_name: remote}}")
        file.write_text("load_from:\n" + "".join(f"  - {entry}\n" for entry in entries))
        until = time.monotonic() + DURATION
        while time.monotonic() < until:
            host = Host(file)
            try:
                one_life(host, server, disturbance, chance)
            finally:
                host.end(kill=chance.random() < 0.5)
    print(disturbance.done)
    assert len(disturbance.done) == 4


def one_life(host: Host, server: Server, disturbance: Disturbance, chance: random.Random) -> None:
    rest(host, disturbance)
    until = time.monotonic() + LIFE
    warm = time.monotonic() + LIFE / 3
    before: dict[str, int] | None = None
    while time.monotonic() < until:
        disturbance.disturb(host, server)
        time.sleep(chance.uniform(0, 0.2))
        if before is None and time.monotonic() > warm:
            rest(host, disturbance)
            before = host.ask("figures")
    rest(host, disturbance)
    assert before is not None

    def as_before() -> bool:
        now = host.ask("figures")
        return bool(now["descriptors"] <= before["descriptors"] and now["threads"] <= before["threads"])

    wait_until(as_before, REST, f"the descriptors and threads of {before}, not {host.ask('figures')}")
    grown = host.ask("figures")["memory"] - before["memory"]
    assert grown < GROWTH, f"the host has grown by {grown} bytes"


@contextlib.contextmanager
def serving_always(folder: Path) -> Iterator[Server]:
    """Serve a location for others, in a process whose own children are among those that are killed."""
    (folder / "remote.py").write_text(GOOD.format(name="remote", number=0))
    server = start_server(folder, "-f", "remote.py", "--port", "0")
    try:
        server.wait_for("serving ")  # either may come first
        server.wait_for("READY")
        yield server
    finally:
        server.end()
