"""Read one workspace file once, tell how long that took, and stay.

Arguments: who reads it, ``skerry`` or ``pyyaml``; the file; one small file of the same kind, read before and not
counted, so that what is imported once is not counted either; the descriptor to answer to. The answer: ``seconds``;
``entries``: how many were read.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import yaml

from skerry.plugin.registry import Registry
from skerry.workspace_file import read_workspace_files


def with_pyyaml(path: str) -> Callable[[], int]:
    """Load the file as PyYAML does it by itself: values without places, nothing validated."""

    def read() -> int:
        with open(path, "rb") as file:
            return len(yaml.load(file, Loader=yaml.CSafeLoader)["load_from"])

    return read


def with_skerry(path: str) -> Callable[[], int]:
    """Read the file as every command does: places, schemas, names, origins."""

    def read() -> int:
        description = read_workspace_files([Path(path)], registry)
        return sum(entry.origin is not None for entry in description.entries)

    return read


registry = Registry()
reader = {"skerry": with_skerry, "pyyaml": with_pyyaml}[sys.argv[1]]
reader(sys.argv[3])()
read = reader(sys.argv[2])
started = time.perf_counter()
entries = read()
seconds = time.perf_counter() - started
os.write(int(sys.argv[4]), json.dumps({"seconds": seconds, "entries": entries}).encode() + b"\n")
sys.stdin.read()
