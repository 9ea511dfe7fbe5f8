"""The protocol of code servers: its generated code is fresh, and others get its text with the package."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from support.pages import ROOT

from skerry_schemas import code_server_protocol


def test_the_generated_code_is_what_the_protocol_makes() -> None:
    made = runpy.run_path(str(ROOT / "docs" / "make_protocol.py"))
    if not (made["COMPILER"].parents[1] / "ready").exists():
        missing = "the compiler of the protocol is not installed: `make protocol` installs it"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    rendered = made["render"]()
    assert {file.name for file in rendered} == {"skerry_v1_pb2.py", "skerry_v1_pb2.pyi"}
    for file, text in rendered.items():
        assert file.read_text(encoding="utf-8") == text, "run: make protocol"


def test_users_of_other_languages_find_the_protocol_in_the_wheel(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=60)
    (wheel,) = tmp_path.glob("*.whl")
    code = "import sys; sys.path.insert(0, sys.argv[1]); import skerry_schemas as s; print(s.code_server_protocol())"
    told = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code, str(wheel)], check=True, capture_output=True, encoding="utf-8"
    )
    assert told.stdout == code_server_protocol() + "\n"
    assert "service CodeServer {" in told.stdout
