"""docs/operations.md: its figures are those of the code."""

from __future__ import annotations

from support.pages import read, section, table

from skerry.code_server import log_files, log_folder

PAGE = read("docs/operations.md")


def test_the_limits_of_log_files_are_those_of_the_code() -> None:
    load, location, waiting = (row[1] for row in table(section(PAGE, "## Log files")))
    assert load.startswith(f"{log_folder.PARTS_KEPT} parts of {log_folder.PART_SIZE // 1024**2} MiB")
    assert location.startswith(f"{log_files.LOADS_KEPT} loads")
    assert waiting.startswith(f"{log_files.WAITING // 1024**2} MiB of each load")
