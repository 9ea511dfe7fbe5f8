"""The files of loads: in the order in which they began, whatever the clock says and whatever else lies there."""

from __future__ import annotations

from pathlib import Path

import pytest

from skerry.code_server import log_folder
from skerry.code_server.log_folder import LoadWriter, labels_below, loads_in
from skerry.code_server.log_reader import LogReader


def test_a_load_is_newer_than_all_before_it_also_when_the_clock_was_put_back(tmp_path: Path) -> None:
    (tmp_path / "29991231T235959.999999Z-g7-0badcafe.1.log").touch()
    stems = [LoadWriter(tmp_path, generation, "4f2a9c1d").stem for generation in (1, 2, 3)]
    assert [load.stem for load in loads_in(tmp_path)][1:] == stems
    assert [load.generation for load in loads_in(tmp_path)] == [7, 1, 2, 3]


def test_what_else_lies_there_is_no_load(tmp_path: Path) -> None:
    for name in ("29991331T235959.999999Z-g7-0badcafe.1.log", "٢٩٩٩1231T235959.999999Z-g7-0badcafe.1.log", "a.log"):
        (tmp_path / name).touch()
    for name, text in (("one", "{}"), ("two", "[1]"), ("three", "{"), ("four", '{"location": 1}')):
        (tmp_path / name).mkdir()
        (tmp_path / name / "location.json").write_text(text)
    assert loads_in(tmp_path) == []
    assert list(labels_below(tmp_path)) == []


def test_who_reads_more_slowly_than_files_are_removed_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_folder, "PART_SIZE", 10)
    writer, reader = LoadWriter(tmp_path, 1, "4f2a9c1d"), LogReader()
    for number in range(5):
        writer.write(b"%09d\n" % number)
        (load,) = loads_in(tmp_path)
        assert not reader.is_too_late(load)
        assert b"".join(reader.read(load)) == b"%09d\n" % number
    for number in range(5, 9):
        writer.write(b"%09d\n" % number)
    (load,) = loads_in(tmp_path)
    assert reader.is_too_late(load)
    assert b"".join(reader.read(load)) == b"000000007\n000000008\n"
