"""``skerry cancel``: a run is cancelled, whichever host has launched it on this machine."""

from __future__ import annotations

import sys

import click

from skerry.console.options import OPTIONS
from skerry.console.refusing import UnusableError


@click.command("cancel", short_help="Cancel a run.")
@click.argument("run_id", metavar="RUN")
@OPTIONS[0]
def cancel(run_id: str, files: tuple[str, ...]) -> None:
    """Cancel a run of the workspace: user code is interrupted, resources are torn down.

    Waits for its end; what does not end within its grace time of 10 s is killed. Nothing is loaded, and nothing but the
    run need be there; unless it is executed elsewhere and nobody on this machine follows it: then its location is
    asked.

    Exit code: 0 when it is canceled; 1 when it had ended before, or by itself meanwhile; 2 when no run of the workspace
    has that id.
    """
    from skerry.console.render.run import who_knows
    from skerry.console.runs_elsewhere import looked_up
    from skerry.model import RunStatus

    with looked_up(run_id, files) as run:
        if not run.run.status.is_over:
            if run.run.elsewhere and not run.is_followed:
                raise UnusableError(
                    f"The run {run.id} is executed elsewhere, and {who_knows(run.run)} cannot be asked.\n"
                    f"Try again when it can be, or forget the run: skerry runs delete --force {run.id}."
                )
            run.cancel()
        ended = run.wait()
    click.echo(f"{ended.id}  {ended.status.value}")
    sys.exit(0 if ended.status is RunStatus.CANCELED else 1)
