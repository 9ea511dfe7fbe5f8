"""Taking figures: contenders that alternate, and what came out of their runs."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum


class BenchmarkError(Exception):
    """Something could not be measured; its words say why."""


class Unit(Enum):
    """What a figure counts."""

    SECONDS = "seconds"
    BYTES = "bytes"
    RATE = "calls a second"
    COUNT = "count"
    SHARE = "share"


@dataclass
class Series:
    """The figures of one contender. ``failed`` runs gave none; ``failure`` says why the last of them did not."""

    name: str
    unit: Unit = Unit.SECONDS
    values: list[float] = field(default_factory=list)
    failed: int = 0
    failure: str = ""

    @property
    def median(self) -> float:
        """The middle figure. Raises BenchmarkError when there is none."""
        if not self.values:
            raise BenchmarkError(self.failure or "no figures")
        return statistics.median(self.values)

    def scaled(self, name: str, divisor: float) -> Series:
        """Give the same figures, each divided."""
        return Series(name, self.unit, [value / divisor for value in self.values], self.failed, self.failure)


@dataclass(frozen=True)
class Contender:
    """One side of a comparison. ``run`` gives one figure; ``repeats``: how often it runs in a round."""

    name: str
    run: Callable[[], float]
    repeats: int = 1


def alternate(contenders: Sequence[Contender], rounds: int, unit: Unit = Unit.SECONDS) -> list[Series]:
    """Run all contenders in turn, ``rounds`` times, so that whatever slows the machine slows all of them.

    A run that fails is counted and costs only its figure (old Dagster forks beside gRPC's threads, and hangs now and
    then); one that failed twice and never gave one is not run again.
    """
    series = [Series(contender.name, unit) for contender in contenders]
    for number in range(1, rounds + 1):
        say(f"  round {number} of {rounds}")
        for contender, figures in zip(contenders, series, strict=True):
            if figures.values or figures.failed < 2:
                _run(contender, figures)
    return series


def _run(contender: Contender, figures: Series) -> None:
    for _ in range(contender.repeats):
        try:
            figures.values.append(contender.run())
        except BenchmarkError as error:
            figures.failed += 1
            figures.failure = str(error)
            say(f"  {contender.name}: {error}")
            return


def named(series: Iterable[Series], name: str) -> Series:
    """Give the one series of this name."""
    return next(one for one in series if one.name == name)


def say(text: str) -> None:
    """Tell the person who waits."""
    print(text, file=sys.stderr, flush=True)
