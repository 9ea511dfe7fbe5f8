"""The command line: ``skerry COMMAND``.

A command's module is imported when the command is first asked for, and imports rich and the engine when it runs, so
that ``skerry --help`` costs little more than importing click.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from typing import NoReturn

import click

import skerry

#: Each command, with the module that holds it under its own name.
COMMANDS = {
    "inspect": "skerry.console.inspect",
    "check": "skerry.console.check",
    "run": "skerry.console.run",
    "runs": "skerry.console.runs",
    "cancel": "skerry.console.cancel",
    "dev": "skerry.console.dev",
    "reload": "skerry.console.reload",
    "logs": "skerry.console.logs",
    "types": "skerry.console.types",
    "schema": "skerry.console.schema",
    "plugin": "skerry.console.plugin",
    "api": "skerry.console.api",
}

#: What a shell expects of a program that Ctrl-C ended: 128 and the number of SIGINT.
INTERRUPTED = 130


class LazyGroup(click.Group):
    """The commands of ``COMMANDS``."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the commands, in the order of their table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and give one command, or None if there is none of that name."""
        module = COMMANDS.get(cmd_name)
        if module is None:
            return None
        command = getattr(importlib.import_module(module), cmd_name)
        assert isinstance(command, click.Command)
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(skerry.__version__, prog_name="skerry", message="%(prog)s %(version)s")
def cli() -> None:
    """Each team's Python code in its own process and its own environment, from one workspace.yaml."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit. The entry point of ``skerry``; ``arguments`` default to those of the process.

    Exit codes: 0; 2 when the command line or the workspace file cannot be used; 130 after Ctrl-C. What a command
    adds to these stands in its help.
    """
    try:
        code = cli.main(arguments, prog_name="skerry", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        # Click has ended the line that shows ^C. The person who pressed it needs no more words.
        code = INTERRUPTED
    sys.exit(code if isinstance(code, int) else 0)
