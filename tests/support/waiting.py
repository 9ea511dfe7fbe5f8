"""Waiting for a condition, with a deadline."""

from __future__ import annotations

from collections.abc import Callable

from skerry.testing import waiting


def wait_until(condition: Callable[[], bool], seconds: float = 20.0, what: str = "the condition") -> None:
    """Return once ``condition()`` holds; fail when it does not in time."""
    assert waiting.wait_until(condition, seconds), f"{what} did not come to be in {seconds} s"
