"""What is to be run, put together and looked at before anything of it is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from skerry.errors import ErrorKind, RunError
from skerry.model import RunOptions


def options_of(
    pipeline: str,
    repository: str | None,
    run_config: Mapping[str, Any] | None,
    tags: Mapping[str, str] | None,
    solids: Sequence[str],
    max_concurrency: int,
    parent_id: str | None,
) -> RunOptions:
    """Put together what to run."""
    return RunOptions(
        repository="" if repository is None else repository,
        pipeline=pipeline,
        run_config={} if run_config is None else run_config,
        tags={} if tags is None else tags,
        solids=solids,  # type: ignore[arg-type]  # a tuple once it is checked
        max_concurrency=max_concurrency,
        parent_id=parent_id,
    )


def checked(options: RunOptions) -> RunOptions:
    """Give options of which every value is what it should be: they are kept, and read by others. Raises RunError."""
    if not isinstance(options, RunOptions):
        raise _wrong("options", options, "RunOptions")
    for name in ("pipeline", "repository"):
        if not isinstance(getattr(options, name), str):
            raise _wrong(name, getattr(options, name), "its name")
    if not isinstance(options.run_config, Mapping):
        raise _wrong("run_config", options.run_config, "a mapping")
    if not isinstance(options.tags, Mapping):
        raise _wrong("tags", options.tags, "a mapping of text to text")
    for name, value in options.tags.items():
        if not isinstance(name, str) or not isinstance(value, str):
            raise _wrong(f"tags[{name!r}]", value, "text for text")
    solids = options.solids
    if isinstance(solids, str) or not isinstance(solids, Sequence) or not all(isinstance(one, str) for one in solids):
        raise _wrong("solids", solids, "a list of names")
    if not isinstance(options.max_concurrency, int) or options.max_concurrency < 1:
        raise _wrong("max_concurrency", options.max_concurrency, "a number from 1 on")
    if options.parent_id is not None and not isinstance(options.parent_id, str):
        raise _wrong("after", options.parent_id, "the id of a run")
    return replace(options, run_config=dict(options.run_config), tags=dict(options.tags), solids=tuple(solids))


def _wrong(name: str, value: object, wanted: str) -> RunError:
    return RunError(ErrorKind.RUN_OPTIONS_INVALID, name=name, value=repr(value), wanted=wanted)
