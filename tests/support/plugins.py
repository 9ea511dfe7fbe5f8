"""Third-party location types and run launchers, installed into a folder that a process finds by PYTHONPATH."""

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


#: What has runs executed by the location's code server, and tells in a file what it was made with and asked for.
QUEUE = """
    import json
    from skerry.plugin import ErrorInfo, ErrorKind, LocationError, RunLauncher

    class Queue(RunLauncher):
        key = "queue"
        summary = "A queue"
        schema = {
            "type": "object",
            "description": "Have runs executed one by one.",
            "properties": {
                "name": {"type": "string", "writeOnly": False, "description": "The queue.", "examples": ["jobs"]},
                "size": {"type": "integer", "minimum": 1, "description": "How many at a time.", "examples": [3]},
                "password": {"type": "string", "writeOnly": True, "description": "Its own.", "examples": ["${PIN}"]},
                "env": {"type": "object", "additionalProperties": {"type": "string"}, "description": "Variables."},
                "refuse": {"type": "string", "description": "Refuse runs with these words."},
                "fail": {"type": "string", "description": "Have runs fail elsewhere, with these words."},
                "record": {"type": "string", "writeOnly": False, "description": "A file that tells."},
            },
            "required": ["name"],
            "additionalProperties": False,
        }

        def __init__(self, options):
            super().__init__(options)
            self.tell("made", options)
            if options["name"] == "none":
                raise LocationError(reason="There is no such queue: " + str(options))

        def tell(self, what, value):
            if "record" in self.options:
                with open(self.options["record"], "a") as file:
                    file.write(json.dumps([what, value]) + "\\n")

        def is_elsewhere(self, launch):
            return "fail" in self.options

        def start(self, launch):
            if "refuse" in self.options:
                raise LocationError(reason=self.options["refuse"])
            self.tell("started", [launch.start.run_id, self.options["name"], sorted(launch.start.secrets)])
            if "fail" in self.options:
                launch.report.ended(ErrorInfo(kind=ErrorKind.NOT_OPENED, message=self.options["fail"]))
            else:
                launch.server.start_run(launch.start, launch.report)

        def cancel(self, launch):
            self.tell("cancel", [launch.start.run_id, self.options["name"]])
            launch.server.cancel_run(launch.start.run_id)

        def detach(self, launch):
            launch.server.detach_run(launch.start.run_id)

        def close(self):
            self.tell("closed", self.options["name"])
"""


def install(site: Path, key: str, source: str, distribution: str = "") -> None:
    """Write a location type's module and its distribution's metadata, version 1.5, into ``site``."""
    _install(site, key, source, distribution, "skerry.plugins", "")


def install_launcher(site: Path, key: str, source: str, name: str) -> None:
    """Do likewise for a run launcher. ``name``: of its class."""
    _install(site, key, source, "", "skerry.run_launchers", f":{name}")


def _install(site: Path, key: str, source: str, distribution: str, group: str, attribute: str) -> None:
    name = distribution or f"skerry-{key}"
    module = name.replace("-", "_")
    information = site / f"{module}-1.5.dist-info"
    information.mkdir(parents=True)
    (site / f"{module}.py").write_text(dedent(source))
    (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.5\n")
    (information / "entry_points.txt").write_text(f"[{group}]\n{key} = {module}{attribute}\n")


def install_examples(folder: Path) -> Path:
    """Install the projects of ``EXAMPLES`` with pip, as anybody would; gives the folder to put on ``sys.path``."""
    sources = [shutil.copytree(example, folder / "source" / example.name) for example in EXAMPLES]
    installing = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*installing, "--target", str(folder / "site"), *map(str, sources)], check=True, timeout=60)
    return folder / "site"
