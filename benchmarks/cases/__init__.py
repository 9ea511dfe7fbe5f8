"""What is measured, by the names that ``--only`` takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from benchmarks.cases import (
    calls,
    discovery,
    growth,
    help_text,
    listing,
    living,
    loading,
    memory,
    preloading,
    reading,
    running,
    served,
)
from benchmarks.result import Result
from benchmarks.setting import Setting

CASES: Mapping[str, Callable[[Setting], Sequence[Result]]] = {
    "listing": listing.run,
    "loading": loading.run,
    "growth": growth.run,
    "memory": memory.run,
    "preloading": preloading.run,
    "living": living.run,
    "running": running.run,
    "help": help_text.run,
    "discovery": discovery.run,
    "calls": calls.run,
    "served": served.run,
    "reading": reading.run,
}
