"""What is in log files, as somebody finds it who looks below the state folder."""

from __future__ import annotations

from pathlib import Path

from support.waiting import wait_until


def files(folder: Path) -> list[Path]:
    """Give the log files below a folder, the oldest load first."""
    return sorted(folder.rglob("*.log"), key=_place)


def _place(path: Path) -> tuple[str, int]:
    """Give what sorts a file: its load, and which part of that it is; the tenth comes after the ninth."""
    load, _, part = str(path.with_suffix("")).rpartition(".")
    return (load, int(part)) if part.isdigit() else (str(path), 0)


def written(folder: Path) -> bytes:
    """Give all that is in the log files below a folder, the oldest load first."""
    return b"".join(path.read_bytes() for path in files(folder) if path.is_file())


def wait_for(folder: Path, words: bytes) -> None:
    """Wait until words stand in a log file below the folder."""
    wait_until(lambda: words in written(folder), what=f"{words!r} in the log files")


def order(folder: Path, *lines: str) -> None:
    """Have the child ``obeys.py``, whose current folder this is, run some lines."""
    (folder / "orders").write_text("".join(f"{line}\n" for line in lines))
