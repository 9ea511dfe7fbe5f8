"""``skerry cancel``: a run is cancelled, whichever host has launched it on this machine."""

from __future__ import annotations

import sys

import click

from skerry.console.options import OPTIONS, workspace_folder
from skerry.console.refusing import refusing


@click.command("cancel", short_help="Cancel a run.")
@click.argument("run_id", metavar="RUN")
@OPTIONS[0]
def cancel(run_id: str, files: tuple[str, ...]) -> None:
    """Cancel a run of the workspace: user code is interrupted, resources are torn down.

    Waits for its end; what does not end within its grace time of 10 s is killed. Nothing is loaded, and nothing but the
    run need be there.

    Exit code: 0 when it is canceled; 1 when it had ended before, or by itself meanwhile; 2 when no run of the workspace
    has that id.
    """
    from skerry.model import RunStatus
    from skerry.workspace.launching import find
    from skerry.workspace.state_folder import StateFolder

    with refusing():
        run = find(StateFolder.of(workspace_folder(files)), run_id)
    if not run.run.status.is_over:
        run.cancel()
    ended = run.wait()
    click.echo(f"{ended.id}  {ended.status.value}")
    sys.exit(0 if ended.status is RunStatus.CANCELED else 1)
