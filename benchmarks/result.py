"""What a case gives to the report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.measure import Series
from benchmarks.verdicts import Verdict


@dataclass(frozen=True)
class Result:
    """One table, ``note``: what exactly was measured; and what it says about the targets."""

    title: str
    note: str
    series: Sequence[Series]
    verdicts: Sequence[Verdict] = ()
