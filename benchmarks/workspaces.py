"""Workspaces to load: as many locations of one hello world as wanted, for Skerry and for its peers."""

from __future__ import annotations

from pathlib import Path

_HELLO = """\
from {library} import {pipeline}, {solid}, repository


@{solid}
def hello_world():
    pass


@{pipeline}
def hello_world_pipeline():
    hello_world()


@repository
def hello_world_repository():
    return [hello_world_pipeline]
"""

#: Its name in every location.
REPOSITORY = "hello_world_repository"
#: What every listing of it shows.
SHOWN = "hello_world_pipeline"


def write_workspace(
    folder: Path,
    count: int,
    *,
    library: str,
    solid: str,
    pipeline: str,
    import_seconds: float = 0.0,
    imports: str = "",
    options: str = "",
) -> Path:
    """Write a workspace of ``count`` locations and give its file; ``solid`` and ``pipeline`` are its words.

    ``import_seconds``: how long each import takes by itself. ``imports``: a module that each imports as well.
    ``options``: of each entry, as they stand in a YAML mapping.
    """
    folder.mkdir(parents=True)
    names = [f"location_{number:03}.py" for number in range(count)]
    first = f"import time\n\ntime.sleep({import_seconds})\n" if import_seconds else ""
    first += f"import {imports}\n" if imports else ""
    for name in names:
        (folder / name).write_text(first + _HELLO.format(library=library, solid=solid, pipeline=pipeline))
    file = folder / "workspace.yaml"
    more = f", {options}" if options else ""
    entries = [f"  - python_file: {{relative_path: {name}{more}}}\n" for name in names]
    file.write_text("load_from:\n" + "".join(entries))
    return file
