"""docs/security.md: what it says of code servers is what they do."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from support.clients import client
from support.pages import ROOT, blocks, commands, read, section
from support.remote import inspect
from support.servers import serving

from skerry.rpc import guard

PAGE = read("docs/security.md")


def test_the_words_of_protected_mode_are_those_of_the_server() -> None:
    (words,) = blocks(section(PAGE, "### Protected mode"), "text")
    assert words.text.rstrip() == guard._PROTECTED


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a copy of the examples that the page works in."""
    return Path(shutil.copytree(ROOT / "examples" / "deploy", tmp_path / "deploy"))


@pytest.mark.parametrize("heading", ["### A token", "### Certificates"])
def test_a_server_started_as_the_page_says_lets_in_the_entry_of_the_page_and_nobody_else(
    heading: str, folder: Path
) -> None:
    text = section(PAGE, heading)
    for block in blocks(text, "console"):
        for command in commands(block):
            subprocess.run(["bash", "-c", command.words], cwd=folder, check=True, timeout=60)
    (start,) = blocks(text, "sh")
    words = shlex.split(start.text)
    assert words[:3] == ["skerry", "api", "grpc"]
    (written,) = blocks(text, "yaml")
    ((options,),) = [entry.values() for entry in yaml.safe_load(written.text)["load_from"]]
    assert str(options["port"]) in words
    with serving(folder, *[word if word != "4266" else "0" for word in words[3:]]) as server, client() as stranger:
        server.wait_for("READY")
        # No such machine is known here: its certificate's name stays.
        host, options["host"], options["port"] = options["host"], "localhost", server.port
        if "ssl" in options:
            options["ssl"]["server_name"] = host
        shown = inspect(folder, yaml.safe_dump(options, default_flow_style=True, width=1000).strip()[1:-1])
        assert shown.state == "READY", shown.error
        assert "berth_plan" in shown.text
        assert stranger.call(f"localhost:{server.port}").code in ("UNAUTHENTICATED", "UNAVAILABLE")
