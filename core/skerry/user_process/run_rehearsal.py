"""A run of the smallest pipeline, in a template before its first: what it fills is shared, not made by each of them."""

import sys

from skerry.execution import Event, MemoryValues, Plan, Settings, run
from skerry.model import RunEvent, RunOptions
from skerry.user_process.journal import read_line, write_line
from skerry.user_process.masking import Masker


def rehearse() -> None:
    """Execute it in this process, and write nothing."""
    from skerry.user_process.rehearsal import rehearsal

    masker = Masker()

    def emit(event: Event) -> None:
        read_line(write_line(RunEvent(1, 0.0, event.type, event.solid, masker.said(event.data))))

    options = RunOptions.from_json(RunOptions("repertoire", rehearsal.name).to_json())
    run(Plan.of(rehearsal, options.run_config), Settings("", options.tags), MemoryValues(), emit)
    sys.modules.pop("skerry.user_process.rehearsal", None)
