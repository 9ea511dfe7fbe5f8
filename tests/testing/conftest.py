from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent, indent

import pytest

#: Installs a plugin into this process; the text is the body of its class beyond that of a right one.
Install = Callable[[str], None]

PLUGIN = '''
import os
import threading
import time
from pathlib import Path

from skerry.plugin import CodeServer, LoadTarget, LocationError, LocationType, PythonEnvironment, ServerStatus, State
from skerry.plugin import hookimpl


class Passing(CodeServer):
    """Passes everything on."""

    def __init__(self, inner):
        self.inner = inner

    def watch(self, observer):
        self.inner.watch(observer)

    def output(self):
        return self.inner.output()

    def close(self):
        self.inner.close()


class Right(LocationType):
    key = "sample"
    summary = "A test's"
    shorthand = "file"
    schema = {
        "type": "object",
        "description": "Load a file.",
        "properties": {
            "file": {"type": "string", "writeOnly": False, "description": "The file."},
            "token": {"type": "string", "description": "Something secret."},
            "tags": {
                "type": "object",
                "description": "Anything.",
                "properties": {"team": {"type": "string", "description": "Whose."}},
                "additionalProperties": False,
            },
        },
        "required": ["file"],
        "additionalProperties": False,
    }

    def normalize(self, options, context):
        return {**options, "file": str(context.path(options["file"]))}

    def default_name(self, options):
        return options["file"]

    def server(self, origin, runtime):
        return runtime.spawn_python(LoadTarget.file(origin.options["file"]), PythonEnvironment())

    def open(self, origin, runtime):
        return self.server(origin, runtime)


class Sample(Right):
'''
HOOK = """

@hookimpl
def skerry_location_types():
    return [Sample()]
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))

    def install_sample(body: str) -> None:
        source = PLUGIN + indent(dedent(body).strip("\n") or "pass", "    ") + "\n" + HOOK
        (site / "skerry_sample.py").write_text(source)
        folder = site / "skerry_sample-1.5.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: skerry-sample\nVersion: 1.5\n")
        (folder / "entry_points.txt").write_text("[skerry.plugins]\nsample = skerry_sample\n")
        monkeypatch.delitem(sys.modules, "skerry_sample", raising=False)
        importlib.invalidate_caches()

    return install_sample
