"""examples/deploy/systemd: what systemd itself says of the unit."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from support.deploy_tools import DEPLOY, run

UNIT = DEPLOY / "systemd" / "skerry-code-server@.service"
#: In tenths; 100 is a unit that says nothing. What is left is the network, that user code is not confined to a folder
#: of its own, and that it may compile at run time.
EXPOSURE = 15


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """Give the unit with a program that exists on this machine."""
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text().replace("/srv/skerry/bin/skerry", sys.executable))
    return unit


def analyze(unit: Path, verb: str, *options: str) -> tuple[int, str]:
    # By its path, and under the name of an instance.
    instance = unit.with_name(unit.name.replace("@.", "@harbour."))
    answer = run("systemd-analyze", verb, "--no-pager", *options, instance, cwd=unit.parent)
    return answer.returncode, answer.stdout


def complaints(unit: Path) -> list[str]:
    """Give what `systemd-analyze verify` says of this unit; it may say something of the machine's own."""
    code, words = analyze(unit, "verify", "--man=no")
    return [line for line in words.splitlines() if "skerry" in line] or ["it failed"] * (code != 0)


def test_systemd_accepts_every_line(installed: Path) -> None:
    assert complaints(installed) == []


def test_systemd_is_awake(installed: Path) -> None:
    installed.write_text(installed.read_text().replace("ProtectSystem=strict", "ProtectSystem=stirct"))
    (line,) = complaints(installed)
    assert "stirct" in line


def test_it_is_hardened(installed: Path) -> None:
    code, words = analyze(installed, "security", "--offline=true", f"--threshold={EXPOSURE}")
    assert code == 0, words


@pytest.mark.parametrize("line", ["DynamicUser=yes", "CapabilityBoundingSet=\n", "SystemCallFilter=@system-service"])
def test_hardening_that_is_gone_is_noticed(installed: Path, line: str) -> None:
    text = installed.read_text()
    assert line in text
    installed.write_text(text.replace(line, ""))
    assert analyze(installed, "security", "--offline=true", f"--threshold={EXPOSURE}")[0] != 0
