"""Workspace states as the engine makes them, written by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from io import StringIO
from pathlib import Path

from rich.console import Console
from rich.text import Text

from skerry.console.render.page import Page, put
from skerry.errors import ErrorKind
from skerry.model import (
    DefinitionFailure,
    ErrorInfo,
    Frame,
    InputSnapshot,
    LocationState,
    PipelineSnapshot,
    RepositorySnapshot,
    ScheduleSnapshot,
    SensorSnapshot,
    ServerInfo,
    SolidSnapshot,
    State,
    WorkspaceState,
)

FOLDER = Path("/srv/workspace")


def pipeline(name: str, feeds: Mapping[str, Sequence[str]]) -> PipelineSnapshot:
    """A pipeline whose solids each take, as ``x0``, ``x1``..., the results of those that feed it."""
    solids = tuple(
        SolidSnapshot(
            solid,
            solid,
            tuple(InputSnapshot(f"x{number}", (f"{source}.result",)) for number, source in enumerate(sources)),
            ("result",),
        )
        for solid, sources in feeds.items()
    )
    return PipelineSnapshot(name, file=f"{FOLDER}/team.py", line=12, solids=solids)


DIAMOND = pipeline("diamond", {"load": [], "left": ["load"], "right": ["load"], "join": ["left", "right"]})

REPOSITORY = RepositorySnapshot(
    "sales",
    "What the sales team runs.",
    pipelines=(
        replace(DIAMOND, description="Loads yesterday's orders, joins and publishes them.", tags={"owner": "sales"}),
        pipeline("single", {"only": []}),
    ),
    schedules=(ScheduleSnapshot("every_morning", "0 6 * * *", "Europe/Berlin", "diamond"),),
    sensors=(SensorSnapshot("new_orders", "diamond"),),
)


def location(name: str = "sales.py", state: State = State.READY, **fields: object) -> LocationState:
    server = ServerInfo(
        id="3f2a",
        pid=4711,
        address="pipe",
        python="3.11.7",
        executable="/srv/venvs/sales/bin/python",
        skerry="0.1.0",
        image=None,
        generation=1,
        load_seconds=0.0312,
    )
    ready: dict[str, object] = {"server": server, "repositories": (REPOSITORY,)} if state is State.READY else {}
    return LocationState(name, "python_file", 3, state, **{**ready, **fields})  # type: ignore[arg-type]


def workspace(*locations: LocationState, **fields: object) -> WorkspaceState:
    return WorkspaceState((f"{FOLDER}/workspace.yaml",), locations=locations, **fields)  # type: ignore[arg-type]


def frames(*calls: tuple[str, int, str, str, bool]) -> tuple[Frame, ...]:
    return tuple(Frame(*call) for call in calls)


IMPORT_ERROR = ErrorInfo(
    ErrorKind.MISSING_IMPORT,
    "ModuleNotFoundError: No module named 'pandas'\nInstall it in /srv/venvs/sales.",
    frames(
        (f"{FOLDER}/team.py", 3, "<module>", "from reports import weekly", True),
        (
            "/usr/lib/python3.11/importlib/__init__.py",
            126,
            "import_module",
            "return _bootstrap._gcd_import(name)",
            False,
        ),
        ("<frozen importlib._bootstrap>", 1204, "_gcd_import", "", False),
        (f"{FOLDER}/reports/__init__.py", 1, "<module>", "from reports.weekly import table", True),
        (f"{FOLDER}/reports/weekly.py", 7, "<module>", "    import pandas as pd", True),
    ),
)

DEFINITION_FAILURE = DefinitionFailure(
    "monthly",
    "pipeline",
    f"{FOLDER}/team.py",
    40,
    ErrorInfo(
        ErrorKind.INVALID_DEFINITION,
        "The solid 'join' has no input called 'lfet'.\nIts inputs are: left, right.",
        frames((f"{FOLDER}/team.py", 44, "monthly", "join(lfet=left(load()))", True)),
    ),
)


def page(width: int | None = 80, *, drawing: bool = True, verbose: bool = False) -> Page:
    return Page(width, drawing, verbose, FOLDER)


def shown(lines: Sequence[Text], on: Page) -> list[str]:
    """What a person sees: the lines that arrive, escape sequences included where there are any."""
    output = StringIO()
    console = Console(file=output, width=on.width or 80, force_terminal=on.drawing, color_system=None)
    put(console, on, lines)
    return output.getvalue().splitlines()
