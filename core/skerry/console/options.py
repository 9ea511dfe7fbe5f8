"""The options with which every command that loads code says what to load."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from skerry.console.text import safe

if TYPE_CHECKING:
    from skerry.workspace import Workspace

DEFAULT_FILE = "workspace.yaml"


@dataclass(frozen=True)
class WorkspaceSource:
    """What the command line asks to load: workspace files, or entries as they would stand in one."""

    files: tuple[str, ...] = ()
    entries: tuple[dict[str, Any], ...] = ()

    def load(self, *, measure_imports: bool = False, log_output: bool = False, lazy: bool = False) -> Workspace:
        """Begin to load, and give the workspace without waiting. Raises WorkspaceFileError.

        ``measure_imports``: have user processes tell what their imports cost. ``log_output``: keep what user code
        writes in log files; for who holds the workspace open. ``lazy``: load each location when it is first used; for
        who is about to choose some.
        """
        from skerry.code_server import Processes

        processes = Processes(measure_imports=measure_imports)
        processes.prepare()  # the fork server gets ready while what follows is imported
        from skerry.workspace import Workspace

        if self.entries:
            return Workspace.from_entries(list(self.entries), Path.cwd(), processes, log_output=log_output, lazy=lazy)
        return Workspace.load(*self.files, processes=processes, log_output=log_output, lazy=lazy)


#: The options in the order of ``--help``: of an entry's key and the property for its value, or for the file itself.
TARGETS = {
    "python_file": ("python_file", "relative_path", "-f / --python-file"),
    "module_name": ("python_module", "module_name", "-m / --module-name"),
    "package_name": ("python_package", "package_name", "--package-name"),
}
OPTIONS = (
    click.option(
        "-w",
        "--workspace",
        "files",
        multiple=True,
        metavar="FILE",
        help=f"A workspace file; repeat it for several. Default: {DEFAULT_FILE} in the current folder.",
    ),
    click.option("-f", "--python-file", metavar="FILE", help="Load this Python file, without a workspace file."),
    click.option("-m", "--module-name", metavar="MODULE", help="Load this Python module, without a workspace file."),
    click.option("--package-name", metavar="PACKAGE", help="Load this installed package, without a workspace file."),
    click.option("-a", "--attribute", metavar="NAME", help="With -f, -m, --package-name: the one repository to load."),
    click.option(
        "-d", "--working-directory", metavar="FOLDER", help="With -f, -m, --package-name: where to run and import from."
    ),
)


def workspace_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give ``command`` the options -w, -f, -m, --package-name, -a, -d, as one argument ``source``: WorkspaceSource."""

    @functools.wraps(command)
    def with_source(*, files: tuple[str, ...], **rest: Any) -> Any:
        chosen = {name: rest.pop(name) for name in TARGETS}
        details = {name: rest.pop(name) for name in ("attribute", "working_directory")}
        return command(source=_source(files, _given(chosen), _given(details)), **rest)

    for option in reversed(OPTIONS):
        with_source = option(with_source)
    return with_source


def workspace_file_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give ``command`` the option -w alone, as an argument ``source``: where a bare Python file would make no sense."""

    @functools.wraps(command)
    def with_source(*, files: tuple[str, ...], **rest: Any) -> Any:
        return command(source=_source(files, {}, {}), **rest)

    return OPTIONS[0](with_source)


def workspace_folder(files: tuple[str, ...]) -> Path:
    """Give the folder that a workspace is in, for commands that load nothing."""
    return Path(files[0]).absolute().parent if files else Path.cwd()


def _given(options: dict[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in options.items() if value is not None}


def _source(files: tuple[str, ...], targets: dict[str, str], details: dict[str, str]) -> WorkspaceSource:
    """Say what is to be loaded. Raises click.UsageError for options that exclude each other."""
    if len(targets) > 1 or (files and targets):
        options = ["-w / --workspace"] if files else []
        options += [TARGETS[name][2] for name in targets]
        raise click.UsageError(f"{' and '.join(options)} exclude each other: give one of them.")
    if targets:
        ((name, value),) = targets.items()
        return WorkspaceSource(entries=(_entry(name, value, details),))
    if details:
        raise click.UsageError(
            f"--{next(iter(details)).replace('_', '-')} says more about -f, -m or --package-name: add one of them, "
            "or write it in the workspace file."
        )
    if not files and not Path(DEFAULT_FILE).exists():
        raise click.UsageError(
            f"There is no {DEFAULT_FILE} in {safe(str(Path.cwd()))}: name a workspace file with -w, "
            "or a Python file with -f."
        )
    return WorkspaceSource(files=files or (DEFAULT_FILE,))


def _entry(name: str, value: str, details: dict[str, str]) -> dict[str, Any]:
    key, option, _ = TARGETS[name]
    return {key: {option: value, **details}}
