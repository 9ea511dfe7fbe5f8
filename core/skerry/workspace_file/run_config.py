"""Run configs as people write them: a mapping in YAML, of which JSON is a part."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import yaml

from skerry.errors import ErrorKind, RunError
from skerry.workspace_file.document import read_document
from skerry.workspace_file.findings import FileError
from skerry.workspace_file.wording import problem_of


def read_run_config(text: str, file: str) -> dict[str, Any]:
    """Read a run config; an empty text is an empty one. ``file``: its name, for errors.

    Raises RunError with each place where it is wrong: what is no YAML, keys that are there twice, no mapping.
    """
    try:
        tree = read_document(text)
        findings = list(tree.all_findings()) if tree is not None else []
    except FileError as error:
        tree, findings = None, list(error.findings)
    problems = [problem_of(finding, file, None) for finding in findings]
    if problems:
        lines = "\n".join(f"- {one.place}: {one.message} {one.hint}".rstrip() for one in problems)
        raise RunError(ErrorKind.RUN_CONFIG_UNREADABLE, file=file, problems=lines)
    value = tree.value if tree is not None else None
    if value is None:
        return {}
    if not isinstance(value, dict):
        lines = f"- {file}:1:1: it is not a mapping, such as `solids: ...`"
        raise RunError(ErrorKind.RUN_CONFIG_UNREADABLE, file=file, problems=lines)
    return value


def write_run_config(run_config: Mapping[str, Any]) -> str:
    """Write a run config as people would: what ``read_run_config`` reads as the same."""
    return str(yaml.safe_dump(dict(run_config), sort_keys=False, allow_unicode=True, width=math.inf))
