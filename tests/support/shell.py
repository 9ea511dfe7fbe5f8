"""The commands of a page, run as somebody would who reads it: in one folder, with a server in a second terminal."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType

from support.pages import Block, Command, commands
from support.servers import short_folder
from support.waiting import wait_until

#: What the pages call the port of a server, and the folder of a server's socket.
PORT = "4266"
SOCKETS = "/run/skerry"


class Shell:
    """Runs commands below ``root``, which the pages call ``/srv``. A context manager, which ends its server."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._end = contextlib.ExitStack()
        self._sockets = self._end.enter_context(short_folder())
        self._port = _free_port()
        self._server: _Server | None = None
        for file in root.glob("examples/*/workspace.yaml"):
            file.write_text(self.here(file.read_text()))

    def __enter__(self) -> Shell:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.interrupt()
        self._end.close()

    def run(self, words: str, folder: Path) -> subprocess.CompletedProcess[str]:
        """Run a command to its end; its stderr is in its stdout."""
        return subprocess.run(
            ["bash", "-c", self.here(words)],
            cwd=folder,
            env=_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
            check=False,
        )

    def write(self, block: Block) -> None:
        """Write the file that a block is the content of."""
        path = self.root / block.file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.here(block.text))

    def serve(self, block: Block) -> None:
        """Run the commands of a block, the last of which serves; return when it has printed what the page shows."""
        self.interrupt()
        *before, last = commands(block)
        folder = self.root / block.folder
        for command in before:
            answer = self.run(command.words, folder)
            assert answer.returncode == 0, f"{command.words}: {answer.stdout}"
        self._server = _Server(self.here(last.words), folder)
        self._wait_for(self._server, last)

    def interrupt(self) -> None:
        """Press Ctrl-C in the terminal of the server, if one runs."""
        server, self._server = self._server, None
        if server is not None:
            server.interrupt()

    def here(self, text: str) -> str:
        """Give a page's text with what this run has in place of the port and the folder of sockets."""
        return re.sub(rf"\b{PORT}\b", str(self._port), text).replace(SOCKETS, str(self._sockets))

    def stable(self, printed: str) -> str:
        """Give what was printed as the page would show it; see ``stable``."""
        printed = printed.replace(str(self._sockets), SOCKETS).replace(str(self.root), "/srv")
        printed = re.sub(rf"\b{self._port}\b", PORT, printed.replace(str(Path(sys.executable).parent), "/srv/venv/bin"))
        return stable(printed)

    def _wait_for(self, server: _Server, command: Command) -> None:
        # What its threads say may come in another order.
        shown = set(stable("\n".join(command.output)).splitlines()) - {"..."}
        assert shown, f"show what the server says once it serves: {command.words}"

        def told() -> bool:
            return shown <= set(self.stable(server.printed).splitlines())

        wait_until(lambda: told() or server.ended, what=f"{command.words}: {shown}")
        assert told(), f"{command.words}\n\nshown:\n{command.output}\n\nprinted:\n{self.stable(server.printed)}"


class _Server:
    """A command in the background, as in a second terminal."""

    def __init__(self, words: str, folder: Path) -> None:
        self._lines: list[str] = []
        self._process = subprocess.Popen(
            ["bash", "-c", words],
            cwd=folder,
            env={**_environment(), "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    @property
    def printed(self) -> str:
        return "".join(self._lines)

    @property
    def ended(self) -> bool:
        return self._process.poll() is not None and not self._thread.is_alive()

    def interrupt(self) -> None:
        """Ctrl-C; what does not heed it is killed, and that is a failure."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGINT)
        try:
            self._process.wait(30)
        finally:
            if self._process.poll() is None:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
            self._thread.join()
            assert self._process.stdout is not None
            self._process.stdout.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        self._lines.extend(self._process.stdout)


def stable(text: str) -> str:
    """Replace what is another with each run or on each machine."""
    for pattern, replacement in (
        (r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+\d\d:?\d\d\b", "NOW"),
        (r"\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\b", "NOW"),
        (r"\b\d+ ms|\b\d+\.\d+ s\b", "TIME"),
        (r"\b3\.\d+\.\d+\b", "3.X"),
        (r"python3\.\d+/", "python3.X/"),
        (r"/python3?\b(?!\.)", "/python"),
        (r"\b[0-9a-f]{16}\b", "ID"),
        (r"process +\d+", "process PID"),
        (r"[ \t]+", " "),
    ):
        text = re.sub(pattern, replacement, text)
    return "\n".join(line.strip() for line in text.strip().splitlines())


def _environment() -> dict[str, str]:
    """Give the variables of somebody who has activated the environment."""
    kept = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "PYTHONPATH")}
    return {**kept, "PATH": os.pathsep.join([str(Path(sys.executable).parent), kept["PATH"]])}


def _free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        port: int = trial.getsockname()[1]
        return port
