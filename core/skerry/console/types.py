"""``skerry types``: the location types and run launchers that are installed."""

from __future__ import annotations

import click

from skerry.console.printing import open_page, write_json
from skerry.console.text import safe


@click.command("types", short_help="Show the installed location types and run launchers.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, in the shape that docs/cli.md describes.")
@click.option("-v", "--verbose", is_flag=True, help="Describe each key.")
def types(as_json: bool, verbose: bool) -> None:
    """Show the installed location types, and the run launchers: where they come from, and the keys of each.

    What is broken is shown with its error. Exit code: 0.
    """
    from skerry.console.catalogue import installed_launchers, installed_types
    from skerry.plugin.registry import Registry

    registry = Registry()
    found, launchers = installed_types(registry), installed_launchers(registry)
    if as_json:
        warnings = [f"{one.sentence}\n{one.advice}" for one in registry.warnings]
        listed = {"types": [one.to_json() for one in found], "launchers": [one.to_json() for one in launchers]}
        write_json({**listed, "warnings": warnings})
        return
    for warning in registry.warnings:
        click.echo(f"warning: {safe(warning.sentence)} {safe(warning.advice)}", err=True)
    from skerry.console.render.page import put
    from skerry.console.render.types import render_types

    console, page = open_page(verbose=verbose)
    put(console, page, render_types(found, launchers, page))
