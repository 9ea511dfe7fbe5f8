from __future__ import annotations

import importlib
import sys
from pathlib import Path
from textwrap import dedent

import pytest
from support.location_types import Install


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder on sys.path."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    return folder


@pytest.fixture
def install(site: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    def install_plugin(key: str, source: str, distribution: str = "", version: str = "1.5") -> Path:
        name = distribution or f"skerry-{key}"
        module = name.replace("-", "_")
        (site / f"{module}.py").write_text(dedent(source))
        folder = site / f"{module}-{version}.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        (folder / "entry_points.txt").write_text(f"[skerry.plugins]\n{key} = {module}\n")
        monkeypatch.delitem(sys.modules, module, raising=False)
        importlib.invalidate_caches()
        return folder

    return install_plugin
