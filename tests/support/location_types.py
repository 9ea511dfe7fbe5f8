"""A location type that does as it is told, and how it is installed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent, indent

#: Installs a distribution into this process: key, source of its module, its name, its version.
Install = Callable[..., Path]

TYPE = """
import os, sys, threading, time
from pathlib import Path

from skerry.plugin import LoadTarget, LocationError, LocationType, PythonEnvironment, hookimpl

class Plain(LocationType):
    key = {key!r}
    summary = "A test's"
    shorthand = "file"
    schema = {{
        "type": "object",
        "properties": {{"file": {{"type": "string"}}, "word": {{"type": "string"}}}},
        "required": ["file"],
    }}

    def default_name(self, options):
        return options["file"]

    def open(self, origin, runtime):
        hello = LoadTarget.file(origin.folder + "/hello.py")
{opening}
        return runtime.spawn_python(hello, PythonEnvironment())

@hookimpl
def skerry_location_types():
    return [Plain()]
"""


def location_type(opening: str = "pass", key: str = "plain") -> str:
    """Give the source of a plugin whose ``open`` does this before it loads hello.py."""
    return TYPE.format(key=key, opening=indent(dedent(opening).strip("\n"), " " * 8))
