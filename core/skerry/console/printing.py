"""What every command prints with: JSON, a page for people, and why a workspace file cannot be used."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.console import Console

    from skerry.console.options import WorkspaceSource
    from skerry.console.render.page import Page
    from skerry.model import Problem


def write_json(value: Any) -> None:
    """Print plain JSON values on stdout."""
    import json

    # A lone surrogate (a file name that is not UTF-8) has no encoding, but it has an escape, in JSON too.
    text = json.dumps(value, indent=2, ensure_ascii=False)
    click.echo("".join(f"\\u{ord(one):04x}" if "\ud800" <= one <= "\udfff" else one for one in text))


def show_why_unusable(source: WorkspaceSource, problems: tuple[Problem, ...], *, as_json: bool, verbose: bool) -> None:
    """Show why a file fails whole: on stderr, or in the shape of ``--json`` for whoever reads that."""
    if as_json:
        from skerry.model import WorkspaceState

        write_json(WorkspaceState(tuple(str(Path(file).absolute()) for file in source.files), problems).to_json())
        return
    from skerry.console.render.page import put
    from skerry.console.render.problems import render_problems

    console, page = open_page(verbose=verbose, stderr=True)
    put(console, page, render_problems(problems, page))


def open_page(*, verbose: bool, stderr: bool = False) -> tuple[Console, Page]:
    """Give the console, and the page that suits it: drawn on a terminal, plain lines of any length elsewhere.

    Where COLUMNS is set in the environment, plain lines keep to it too.
    """
    import os

    from rich.console import Console

    from skerry.console.render.page import Page

    stream = sys.stderr if stderr else sys.stdout
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="backslashreplace")
    console = Console(stderr=stderr, highlight=False, markup=False, emoji=False)
    terminal = console.is_terminal and not console.is_dumb_terminal
    drawing = terminal and console.encoding.lower().startswith("utf")
    width = console.width if terminal or os.environ.get("COLUMNS") else None
    return console, Page(width, drawing, verbose, Path.cwd())
