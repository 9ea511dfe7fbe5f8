"""Third-party location types, installed into a folder that a process finds by PYTHONPATH."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

from support.pages import ROOT

#: The projects of the example types, each named as its package is.
EXAMPLES = sorted((ROOT / "examples" / "plugins").glob("skerry_*"))

NOTEBOOK = """
    from skerry.plugin import LoadTarget, LocationType, PythonEnvironment, hookimpl

    class Notebook(LocationType):
        key = "notebook"
        summary = "A notebook"
        shorthand = "file"
        schema = {
            "type": "object",
            "description": "Load the repositories of a notebook.",
            "properties": {
                "file": {"type": "string", "description": "The notebook.", "examples": ["sales.ipynb"]},
                "cells": {"type": "integer", "minimum": 1, "description": "How many cells to run.", "examples": [3]},
            },
            "required": ["file"],
            "additionalProperties": False,
        }

        def default_name(self, options):
            return options["file"]

        def open(self, origin, runtime):
            return runtime.spawn_python(LoadTarget.file(origin.folder + "/hello.py"), PythonEnvironment())

    @hookimpl
    def skerry_location_types():
        return [Notebook()]
"""


def install(site: Path, key: str, source: str, distribution: str = "") -> None:
    """Write a plugin's module and its distribution's metadata, version 1.5, into ``site``."""
    name = distribution or f"skerry-{key}"
    module = name.replace("-", "_")
    information = site / f"{module}-1.5.dist-info"
    information.mkdir(parents=True)
    (site / f"{module}.py").write_text(dedent(source))
    (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.5\n")
    (information / "entry_points.txt").write_text(f"[skerry.plugins]\n{key} = {module}\n")


def install_examples(folder: Path) -> Path:
    """Install the projects of ``EXAMPLES`` with pip, as anybody would; gives the folder to put on ``sys.path``."""
    sources = [shutil.copytree(example, folder / "source" / example.name) for example in EXAMPLES]
    installing = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*installing, "--target", str(folder / "site"), *map(str, sources)], check=True, timeout=60)
    return folder / "site"
