"""Figures as people read them."""

from __future__ import annotations

from benchmarks.measure import BenchmarkError, Series, Unit


def amount(value: float, unit: Unit) -> str:
    """Give a figure with its unit, in three digits or so. A megabyte is a million bytes."""
    if unit is Unit.BYTES:
        return f"{value / 1e6:.2f} MB"
    if unit is Unit.RATE:
        return f"{value:.0f}/s" if value >= 10 or not value else f"{value:.2f}/s"
    if unit is Unit.SHARE:
        return f"{value * 100:.2f} %"
    if unit is Unit.COUNT:
        return f"{value:.0f}"
    if value >= 10:
        return f"{value:.1f} s"
    if value >= 1:
        return f"{value:.2f} s"
    milliseconds = value * 1000
    return f"{milliseconds:.0f} ms" if milliseconds >= 20 else f"{milliseconds:.1f} ms"


def times_as_many(ours: Series, theirs: Series) -> str:
    """Give the ratio of two rates, by their medians. Nothing when one of them could not be taken."""
    try:
        return f"{ours.median / theirs.median:.2f} times as many as {theirs.name}"
    except BenchmarkError:
        return ""
