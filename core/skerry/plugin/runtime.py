"""What core gives to a location type: where to find things, and how to start them."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from skerry.errors import LocationError
from skerry.plugin.code_server import CodeServer

if TYPE_CHECKING:
    from subprocess import CompletedProcess

#: What a dotted name looks like.
_MODULE = r"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*$"


@dataclass(frozen=True)
class EntryContext:
    """Where an entry stands. ``folder``: the absolute folder of its workspace file."""

    folder: Path

    def path(self, written: str) -> Path:
        """Make a path of the workspace file absolute: ``~`` is expanded, the rest is relative to the file.

        Links are kept as they are: a virtual environment's interpreter *is* its link. Raises LocationError when the
        ``~`` stands for nothing.
        """
        if not os.fspath(written).startswith("~"):
            return self.folder / written
        try:
            return self.folder / Path(written).expanduser()
        except RuntimeError:
            raise LocationError(reason=f"{written!r} begins with the home folder of a user who has none.") from None

    def executable(self, written: str) -> str:
        """Resolve an interpreter: a name without a slash stays a name, looked up on PATH when it is started."""
        return str(self.path(written)) if "/" in written or written.startswith("~") else written


@dataclass(frozen=True)
class LoadTarget:
    """What a user process loads. ``kind``: ``file``, ``package`` or ``module``; ``name``: a path or a dotted name.

    ``package`` and ``module`` load alike; the former says in errors that the code should be installed.
    """

    kind: str
    name: str
    attribute: str | None = None

    @property
    def words(self) -> str:
        """Name the target in a few words: a file without its folder, or a module."""
        return Path(self.name).name if self.kind == "file" else self.name

    #: JSON Schema of the option that chooses one repository, for a location type to put among its properties.
    PROPERTIES: ClassVar[Mapping[str, Any]] = {
        "attribute": {
            "type": "string",
            "writeOnly": False,
            "minLength": 1,
            "description": "The one repository to load: the name of a repository, of a pipeline, or of a function "
            "without arguments that returns one.",
            "examples": ["hello_world_repository"],
        },
    }

    @classmethod
    def file(cls, path: str | Path, attribute: str | None = None) -> LoadTarget:
        """Load a Python file, under a private module name, with nothing put on ``sys.path`` for it."""
        return cls("file", str(path), attribute)

    @classmethod
    def package(cls, name: str, attribute: str | None = None) -> LoadTarget:
        """Import an installed package or a module in it."""
        return cls("package", name, attribute)

    @classmethod
    def module(cls, name: str, attribute: str | None = None) -> LoadTarget:
        """Import a module that is found by way of a working directory or PYTHONPATH."""
        return cls("module", name, attribute)


@dataclass(frozen=True)
class PythonEnvironment:
    """Where user code runs.

    ``executable``: an interpreter's path, or a name to look up on PATH; None is the interpreter that runs Skerry.
    ``working_directory``: absolute; current folder and first entry of ``sys.path`` of the user process; None leaves
    ``sys.path`` alone, and the current folder is the workspace file's. ``env``: variables to set. ``fresh``: start
    a new interpreter for this location, where forking it from a shared one does not suit its libraries. ``preload``:
    dotted names of installed modules that are imported once for all locations of the interpreter that want them.
    """

    executable: str | None = None
    working_directory: str | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    fresh: bool = False
    preload: Sequence[str] = ()

    #: JSON Schema of the options that ``from_options`` reads, for a location type to put among its properties.
    PROPERTIES: ClassVar[Mapping[str, Any]] = {
        "executable_path": {
            "type": "string",
            "writeOnly": False,
            "minLength": 1,
            "description": "The Python interpreter, relative to the workspace file; a name without a slash is "
            "looked up on PATH. Default: the interpreter that runs Skerry.",
            "examples": ["venvs/team/bin/python", "python3.12"],
        },
        "working_directory": {
            "type": "string",
            "writeOnly": False,
            "minLength": 1,
            "description": "The folder that the code runs in and imports from, relative to the workspace file. "
            "Without it nothing is added to sys.path.",
            "examples": ["my_working_directory/"],
        },
        "start": {
            "enum": ["fork", "fresh"],
            "writeOnly": False,
            "default": "fork",
            "description": "How the process begins: forked from an interpreter that is already running, or as a "
            "fresh interpreter.",
        },
        "preload": {
            "type": ["array", "string"],
            "writeOnly": False,
            "items": {"type": "string", "writeOnly": False, "pattern": _MODULE},
            "pattern": _MODULE,
            "default": [],
            "description": "Installed modules to import once, before the processes of all locations that have the "
            "same interpreter and want one of them are forked: they share the time and the memory.",
            "examples": [["pandas"]],
        },
    }

    @staticmethod
    def normalize(options: Mapping[str, Any], context: EntryContext) -> dict[str, Any]:
        """Give a copy of ``options`` in which the paths among ``PROPERTIES`` are absolute and ``preload`` is a list."""
        normal = dict(options)
        if "executable_path" in options:
            normal["executable_path"] = context.executable(options["executable_path"])
        if "working_directory" in options:
            normal["working_directory"] = str(context.path(options["working_directory"]))
        if isinstance(options.get("preload"), str):
            normal["preload"] = [options["preload"]]
        return normal

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> PythonEnvironment:
        """Read the normalised options that ``PROPERTIES`` describes."""
        return cls(
            executable=options.get("executable_path"),
            working_directory=options.get("working_directory"),
            fresh=options.get("start") == "fresh",
            preload=tuple(options.get("preload", ())),
        )


@dataclass(frozen=True)
class Tls:
    """How a connection is made secure: TLS, with these files in PEM.

    ``ca``: certificates of the authorities to trust; None stands for the system's. ``cert`` and ``key``: this client's
    own certificate and its key, where the server wants one. ``server_name``: what the server's certificate is for,
    where that is not the host's name. The files are read again at each new connection.
    """

    ca: str | None = None
    cert: str | None = None
    key: str | None = None
    server_name: str | None = None


class Runtime(Protocol):
    """What ``LocationType.open`` is given. ``deadline``: a ``time.monotonic()`` by which the load must be over."""

    deadline: float

    def spawn_python(self, target: LoadTarget, environment: PythonEnvironment) -> CodeServer:
        """Start a user process, ours, that loads ``target``; it is told what to do and not waited for.

        Raises LocationError when no process can be started there (interpreter missing, not Python, too old).
        """

    def connect(
        self, address: str, *, tls: Tls | None = None, token: str | None = None, token_file: str | None = None
    ) -> CodeServer:
        """Reach a code server that somebody else runs: ``skerry api grpc``. It is never stopped, only left.

        ``address``: ``host:port``, an IPv6 address in brackets, or ``unix:/path/to/socket``. ``tls``: None is a plain
        connection. ``token``: sent with each call; ``token_file``: a file to read it from at each new connection.

        Returns at once: the code server is LOADING until it is connected, UNREACHABLE as long as it cannot be, and
        tries again for as long as it is open. Raises ValueError when ``address`` is written otherwise.
        """

    def spawn(
        self,
        argv: Sequence[str],
        *,
        address: str,
        cwd: str | Path | None = None,
        env: Mapping[str, str] | None = None,
        tls: Tls | None = None,
        token: str | None = None,
    ) -> CodeServer:
        """Start a command, ours, that serves its code at ``address``: ``skerry api grpc``, in a container perhaps.

        ``cwd`` and ``env`` as for ``run``, the rest as for ``connect``. It is LOADING until the server answers and has
        loaded its code, and FAILED when the command ends or ``deadline`` passes before. What the command writes is
        kept as its output. Closing it asks the server to shut down, then stops the command with all that it started;
        it ends with the host, however that ends.

        Raises LocationError when something else serves at ``address`` already.
        """

    def run(
        self,
        argv: Sequence[str],
        *,
        cwd: str | Path | None = None,
        env: Mapping[str, str] | None = None,
        timeout: float | None = None,
        check: bool = True,
    ) -> CompletedProcess[str]:
        """Run a command to its end: ``git``, ``uv``, ``docker``. Its last line of output is shown as progress.

        ``cwd``: default is the workspace file's folder. ``env``: variables to set beside the host's and the entry's;
        the place for secrets, which never belong into ``argv``. ``timeout``: seconds; ``deadline`` holds in any case.
        It reads nothing from stdin. Of stdout and stderr up to 2 MiB each are kept, the newest. When the location
        closes, it is stopped with all that it started, and whatever it leaves running is ended with it.

        Raises LocationError when it cannot be started, is stopped, or, unless ``check`` is False, ends with an exit
        code other than 0 (COMMAND_FAILED). A negative ``returncode`` is the signal that ended it.
        """

    def private_folder(self) -> Path:
        """Give a new empty folder for this user alone, with a short path: for a socket, whose path may have 107 bytes,
        or for a file with a secret that a command reads.

        It is removed when the code server that ``open`` gives is closed, or ``open`` raises. Raises LocationError when
        no folder can be made.
        """

    def progress(self, text: str) -> None:
        """Say in a few words what is being done; shown beside the location while it is LOADING."""

    def cache_folder(self, key: str, fill: Callable[[Path], None]) -> Path:
        """Give the folder that is kept under ``key``, made by ``fill(folder)`` when there is none yet.

        ``key`` says what is in it, whole: a commit; requirements and interpreter. ``fill`` is given a new empty
        folder, elsewhere, and when it returns, that folder is renamed into place at once: nobody sees half of it, and
        what is in it must not name its own path. When ``fill`` raises, the folder is removed, and the exception goes
        on. No two threads or processes fill one key at a time: the others wait, and are given what the first one made.
        The folder is shared and kept; do not write into it.

        Raises LocationError when no folder can be written, or ``deadline`` passes while another fills.
        """
