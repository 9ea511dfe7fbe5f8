"""What this process has the kernel tell it of."""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest


def folders_watched(candidates: Iterable[Path]) -> list[Path]:
    """Give those of the folders whose changes Linux tells to this process."""
    if sys.platform != "linux":
        pytest.skip("only Linux says which folders are watched")
    inodes: set[int] = set()
    for descriptor in Path("/proc/self/fdinfo").iterdir():
        with contextlib.suppress(OSError):
            inodes.update(int(found, 16) for found in re.findall(r"^inotify .*ino:(\w+)", descriptor.read_text(), re.M))
    return [folder for folder in candidates if folder.stat().st_ino in inodes]
