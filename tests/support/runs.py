"""Runs for tests of what is kept of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from skerry.model import Run, RunOptions, RunStatus


def a_run(
    run_id: str = "run",
    status: RunStatus = RunStatus.QUEUED,
    sequence: int = 0,
    *,
    location: str = "team",
    repository: str = "sales",
    pipeline: str = "daily",
    tags: Mapping[str, str] | None = None,
    created_at: float = 1.0,
    **others: Any,
) -> Run:
    options = RunOptions(repository, pipeline, tags=tags or {})
    return Run(run_id, location, options, created_at, status=status, sequence=sequence, **others)
