"""The location types of examples/plugins: real Git against a repository beside it, real uv with a wheel beside it."""

from __future__ import annotations

import importlib
import io
import json
import os
import subprocess
import sys
import tokenize
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from support.plugins import EXAMPLES, install_examples

from skerry import ErrorKind, Location, State, Workspace
from skerry.testing import check_location_type

Load = Callable[[str], Workspace]
Write = Callable[[str, str], Path]

REPOSITORY = """
from skerry import pipeline, repository, solid
{imports}

@solid
def work():
    pass

@pipeline
def daily():
    work()

@repository(name={name!r})
def here():
    return [daily]
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder that the examples are installed in."""
    return install_examples(tmp_path_factory.mktemp("examples"))


@pytest.fixture(autouse=True)
def _installed(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(site))
    for example in EXAMPLES:
        monkeypatch.delitem(sys.modules, example.name, raising=False)
    importlib.invalidate_caches()


def loaded(load: Load, key: str, **options: object) -> Location:
    """Load one location, named here."""
    workspace = load(json.dumps({"load_from": [{key: {**options, "location_name": "here"}}]}))
    assert workspace.wait(60)
    return workspace["here"]


def repository_of(location: Location) -> str:
    assert location.state is State.READY, location.error
    return location.repositories[0].name


def message_of(location: Location) -> str:
    assert location.error is not None
    return location.error.message


@pytest.mark.parametrize("plugin", EXAMPLES, ids=lambda path: path.name)
def test_a_type_has_under_sixty_lines_of_code(plugin: Path) -> None:
    source = (plugin / plugin.name / "__init__.py").read_text()
    layout = {tokenize.NL, tokenize.COMMENT, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
    tokens = [token for token in tokenize.generate_tokens(io.StringIO(source).readline) if token.type not in layout]
    docstring = range(1, tokens[0].end[0] + 1)
    assert len({token.start[0] for token in tokens} - set(docstring)) < 60


# -- git --------------------------------------------------------------------------------------------------------------


def git(folder: Path, *words: str) -> str:
    who = ["-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "init.defaultBranch=main"]
    command = ["git", "-C", str(folder), *who, *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def commit(folder: Path, name: str) -> str:
    """Commit a team's code, whose repository has this name; gives the commit."""
    (folder / "helpers.py").write_text(f"NAME = {name!r}\n")
    (folder / "team.py").write_text(REPOSITORY.format(imports="import helpers", name=name))
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", name)
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def sales(tmp_path: Path) -> Path:
    folder = tmp_path / "origins" / "sales"
    folder.mkdir(parents=True)
    git(folder, "init", "--quiet")
    commit(folder, "first")
    return folder


def test_git_loads_what_a_branch_points_at_now(load: Load, sales: Path) -> None:
    entry = {"repository": "./origins/sales", "revision": "main", "relative_path": "team.py"}
    assert repository_of(loaded(load, "git", **entry)) == "first"
    commit(sales, "second")
    assert repository_of(loaded(load, "git", **entry)) == "second"


def test_git_loads_a_tag_and_head_and_an_older_commit(load: Load, sales: Path) -> None:
    first = git(sales, "rev-parse", "HEAD")
    git(sales, "tag", "--annotate", "v1", "--message", "first")
    commit(sales, "second")
    entry = {"repository": str(sales), "relative_path": "team.py"}
    assert repository_of(loaded(load, "git", revision="v1", **entry)) == "first"
    assert repository_of(loaded(load, "git", revision=first, **entry)) == "first"
    assert repository_of(loaded(load, "git", **entry)) == "second"


def test_git_needs_no_repository_for_a_commit_that_it_has(load: Load, sales: Path) -> None:
    entry = {"repository": str(sales), "relative_path": "team.py", "revision": git(sales, "rev-parse", "HEAD")}
    assert repository_of(loaded(load, "git", **entry)) == "first"
    sales.rename(sales.with_name("gone"))
    assert repository_of(loaded(load, "git", **entry)) == "first"


def test_git_checks_out_one_commit_once_for_many_locations(load: Load, sales: Path, tmp_path: Path) -> None:
    options = {"repository": str(sales), "relative_path": "team.py"}
    entries = [{"git": {**options, "location_name": f"l{number}"}} for number in range(6)]
    workspace = load(json.dumps({"load_from": entries}))
    assert workspace.wait(60)
    assert [location.error for location in workspace] == [None] * 6
    (checkout,) = [path for path in (tmp_path / ".skerry" / "cache").iterdir() if path.is_dir()]
    assert checkout.name.startswith("git-")


def test_git_says_what_it_could_not_find(load: Load, sales: Path, tmp_path: Path) -> None:
    entry = {"repository": str(sales), "relative_path": "team.py"}
    assert "has no branch or tag 'mian'" in message_of(loaded(load, "git", revision="mian", **entry))
    absent = loaded(load, "git", revision="0" * 40, **entry)
    assert absent.error is not None
    assert absent.error.kind is ErrorKind.COMMAND_FAILED
    assert "git" in absent.error.message
    assert not list((tmp_path / ".skerry" / "cache").iterdir())
    nowhere = loaded(load, "git", repository="./nowhere", relative_path="team.py")
    assert f"{tmp_path}/nowhere" in message_of(nowhere)


def test_git_names_a_location_after_repository_revision_and_file(load: Load, sales: Path) -> None:
    workspace = load(json.dumps({"load_from": [{"git": {"repository": str(sales), "relative_path": "team.py"}}]}))
    assert [location.name for location in workspace] == ["sales@HEAD:team.py"]


def test_git_keeps_the_contract(sales: Path, tmp_path: Path) -> None:
    entry = {"repository": "./origins/sales", "revision": "main", "relative_path": "team.py", "attribute": "here"}
    refused = [{**entry, "revision": "mian"}, {**entry, "revision": "0" * 40}, {**entry, "repository": "./nowhere"}]
    check_location_type("git", entry, folder=tmp_path, refused=refused)


def test_git_keeps_the_contract_with_a_commit(sales: Path, tmp_path: Path) -> None:
    entry = {"repository": str(sales), "revision": git(sales, "rev-parse", "HEAD"), "relative_path": "team.py"}
    check_location_type("git", entry, folder=tmp_path, refused=[{**entry, "relative_path": "missing.py"}])


# -- uv_script --------------------------------------------------------------------------------------------------------


@pytest.fixture
def wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a wheel to depend on; uv works without any index, in folders of the test's own."""
    if importlib.util.find_spec("uv") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("uv is missing, and CI must run with it")
        pytest.skip("uv is not installed")
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv-cache"))
    path = tmp_path / "wheels" / "tide_tables-1.0-py3-none-any.whl"
    path.parent.mkdir()
    information = "tide_tables-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("tide_tables.py", "HIGH_WATER = 'high_water'\n")
        archive.writestr(f"{information}/METADATA", "Metadata-Version: 2.1\nName: tide-tables\nVersion: 1.0\n")
        archive.writestr(f"{information}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{information}/RECORD", "")
    return path


def script(write: Write, *metadata: str) -> Path:
    lines = "".join(f"# {line}\n" for line in ("/// script", *metadata, "///")) if metadata else ""
    return write("report.py", lines + REPOSITORY.format(imports="import tide_tables", name="tides"))


def test_uv_script_installs_what_the_file_names(load: Load, write: Write, wheel: Path, tmp_path: Path) -> None:
    script(write, f'requires-python = ">={sys.version_info[0]}.{sys.version_info[1]}"', "dependencies = [",
           f'  "tide-tables @ {wheel.as_uri()}",', "]")  # fmt: skip
    location = loaded(load, "uv_script", relative_path="report.py")
    assert repository_of(location) == "tides"
    assert location.server is not None
    assert location.server.executable.startswith(str(tmp_path / ".skerry" / "cache" / "report-py-"))


def test_uv_script_builds_once_and_again_when_requirements_change(
    load: Load, write: Write, wheel: Path, tmp_path: Path
) -> None:
    script(write)
    requirement = f"tide-tables @ {wheel.as_uri()}"
    assert repository_of(loaded(load, "uv_script", relative_path="report.py", requirements=[requirement])) == "tides"
    wheel.rename(wheel.with_name("gone"))
    assert repository_of(loaded(load, "uv_script", relative_path="report.py", requirements=[requirement])) == "tides"
    bare = loaded(load, "uv_script", relative_path="report.py", requirements=[])
    assert bare.error is not None
    assert bare.error.kind is ErrorKind.MISSING_IMPORT
    assert len([path for path in (tmp_path / ".skerry" / "cache").iterdir() if path.is_dir()]) == 2


def test_uv_script_keeps_no_password_of_a_requirement(
    load: Load, write: Write, wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script(write)
    monkeypatch.setenv("WANTED", f"tide-tables @ {wheel.as_uri()} # open-sesame")
    assert repository_of(loaded(load, "uv_script", relative_path="report.py", requirements=["${WANTED}"])) == "tides"
    kept = list((tmp_path / ".skerry").rglob("*"))
    assert any(path.name == "tide_tables.py" for path in kept)
    assert [path for path in kept if "sesame" in path.name] == []
    assert [path for path in kept if path.is_file() and b"sesame" in path.read_bytes()] == []


def test_uv_script_says_what_uv_says_of_what_is_not_there(load: Load, write: Write, wheel: Path) -> None:
    script(write, 'dependencies = ["no-such-package-at-all"]')
    location = loaded(load, "uv_script", relative_path="report.py")
    assert location.error is not None
    assert location.error.kind is ErrorKind.COMMAND_FAILED
    assert "no-such-package-at-all" in location.error.message


def test_uv_script_says_what_is_wrong_with_the_metadata(load: Load, write: Write, wheel: Path) -> None:
    script(write, "dependencies = [")
    assert "The metadata of" in message_of(loaded(load, "uv_script", relative_path="report.py"))
    assert "cannot be read" in message_of(loaded(load, "uv_script", relative_path="missing.py"))


def test_uv_script_keeps_the_contract(write: Write, wheel: Path, tmp_path: Path) -> None:
    script(write, f'dependencies = ["tide-tables @ {wheel.as_uri()}"]')
    refused: list[dict[str, object]] = [
        {"relative_path": "missing.py"},
        {"relative_path": "report.py", "requirements": ["no-such-package-at-all"]},
        {"relative_path": "report.py", "executable_path": "venvs/missing/bin/python"},
    ]
    check_location_type("uv_script", {"relative_path": "report.py"}, folder=tmp_path, refused=refused)
