"""``skerry schema``: the JSON Schema of the workspace file, for editors."""

from __future__ import annotations

import json

import click

from skerry.console.text import safe


@click.command("schema", short_help="Print the JSON Schema of the workspace file, for editors.")
@click.option("--output", metavar="FILE", help="Write it to this file instead.")
def schema(output: str | None) -> None:
    """Print the JSON Schema (draft-07) of the workspace file with what is installed: location types, run launchers.

    An editor that knows it completes keys, explains them, and underlines mistakes. What cannot be used is left out; a
    line on stderr says so.
    """
    from skerry.plugin.registry import Registry
    from skerry.workspace_file import compose_schema, unusable_launchers, unusable_types

    registry = Registry()
    text = json.dumps(compose_schema(registry), indent=2, ensure_ascii=False)
    for error in (*unusable_types(registry).values(), *unusable_launchers(registry).values()):
        click.echo(f"warning: {safe(error.sentence)} The schema leaves it out.", err=True)
    if output is None:
        click.echo(text)
        return
    try:
        with open(output, "w", encoding="utf-8") as file:
            file.write(f"{text}\n")
    except OSError as error:
        raise click.UsageError(
            f"{safe(output)} cannot be written: {error.strerror}. Name a file in a folder that exists with --output."
        ) from None
