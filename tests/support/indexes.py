"""Where a test's index of runs is."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from pathlib import Path

from skerry.state import RunIndex


@dataclass
class Place:
    """Where an index is, for this process and for others."""

    folder: Path
    url: str | None
    opened: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    def open(self) -> RunIndex:
        """Open it; it is closed after the test."""
        index = RunIndex.open(self.folder, self.url)
        self.opened.callback(index.close)
        return index
