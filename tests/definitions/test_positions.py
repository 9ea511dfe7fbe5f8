"""Where definitions stand, in sources of any encoding and any origin."""

import importlib
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = """\
# -*- coding: {encoding} -*-
from skerry import pipeline, solid

name = "é"


@solid(
    tags={{"team": "blue"}},
)
def greet():
    pass


@pipeline
@(lambda function: function)
def daily():
    greet()
"""


@pytest.fixture(autouse=True)
def modules_as_before() -> Iterator[None]:
    known = set(sys.modules)
    yield
    for name in set(sys.modules) - known:
        del sys.modules[name]


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "cp1252"])
def test_a_definition_stands_where_its_def_is(encoding: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "encoded.py").write_bytes(SOURCE.format(encoding=encoding).encode(encoding))
    monkeypatch.syspath_prepend(tmp_path)
    daily = importlib.import_module("encoded").daily
    assert (daily.file, daily.line) == (str(tmp_path / "encoded.py"), 16)


def test_what_comes_from_a_zip_has_its_line_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with zipfile.ZipFile(tmp_path / "team.zip", "w") as archive:
        archive.writestr("zipped.py", SOURCE.format(encoding="utf-8"))
    monkeypatch.syspath_prepend(tmp_path / "team.zip")
    daily = importlib.import_module("zipped").daily
    assert daily.line == 16
    assert daily.file == str(tmp_path / "team.zip" / "zipped.py")
