"""How a user process finds its code."""

from dataclasses import dataclass
from typing import Optional, Tuple

from skerry.model.records import Record, not_in_json


@dataclass(frozen=True)
class PathEntry(Record):
    """An entry of ``sys.path`` and why it is there."""

    path: str
    reason: str


@dataclass(frozen=True)
class ImportCost(Record):
    """What it costs a process to import a module that is not the user's own, with all that this imports in its turn.

    ``seconds`` of the processor, and bytes of memory that is no file's; ``size`` is 0 where it cannot be measured.
    """

    module: str
    seconds: float
    size: int


@dataclass(frozen=True)
class Explanation(Record):
    """How a user process finds its code: what ``skerry inspect --explain`` shows.

    ``module`` and ``file``: what the target resolves to; ``file`` is None where nothing was found. ``preloaded``: the
    modules of the entry's ``preload`` that its process has from its fork server. ``imports``: what other modules cost
    it, where that was measured.
    """

    executable: str
    python: str
    working_directory: str
    path: Tuple[PathEntry, ...]
    module: str
    file: Optional[str]
    preloaded: Tuple[str, ...] = not_in_json(())
    imports: Tuple[ImportCost, ...] = not_in_json(())
