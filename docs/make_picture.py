"""Makes docs/images/inspect.svg of a real ``skerry inspect``: ``python docs/make_picture.py [WORKSPACE_FILE]``."""

import io
import os
import re
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

from skerry import Workspace
from skerry.console.render.page import Page, put
from skerry.console.render.workspace import render_workspace

DOCS = Path(__file__).resolve().parent
PICTURE = DOCS / "images" / "inspect.svg"
WIDTH = 88


def main() -> None:
    """Load the workspace, wait for all of it, and draw what the command would."""
    file = Path(*sys.argv[1:2] or (DOCS.parent / "examples" / "first_look" / "workspace.yaml",)).resolve()
    os.chdir(file.parent)
    console = Console(record=True, file=io.StringIO(), width=WIDTH, force_terminal=True, color_system="truecolor")
    with Workspace.load(file.name) as workspace:
        workspace.wait()
        lines = render_workspace(workspace.snapshot, Page(WIDTH, drawing=True, verbose=False, folder=file.parent))
    page = Page(WIDTH, drawing=True, verbose=False, folder=file.parent)
    put(console, page, [Text("$ skerry inspect", "bold"), Text(), *lines])
    PICTURE.parent.mkdir(exist_ok=True)
    picture = console.export_svg(title="skerry inspect", unique_id="inspect")
    # A picture in a repository fetches nothing: whoever looks at it has a font of even width.
    PICTURE.write_text(re.sub(r"@font-face \{.*?\}\s*", "", picture, flags=re.DOTALL), encoding="utf-8")


if __name__ == "__main__":
    main()
