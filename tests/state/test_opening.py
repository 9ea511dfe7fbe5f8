"""Opening an index: its tables, what it needs, and what it does not touch."""

from __future__ import annotations

import logging
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from hatchling.builders.wheel import WheelBuilder
from sqlalchemy import Connection, text
from support.indexes import Place
from support.other_hosts import other_host
from support.pages import ROOT
from support.runs import a_run

from skerry import testing
from skerry.errors import ErrorKind, StateError
from skerry.state import RunIndex, migrating, opening
from skerry.state.database import Database
from skerry.state.schema import REVISION, REVISION_TABLE, RUNS

CORE = ROOT / "core"


@contextmanager
def database(place: Place) -> Iterator[Database]:
    """Give the database of a place in which there is an index."""
    opened = opening.open_database(place.folder, place.url)
    try:
        yield opened
    finally:
        opened.close()


# -- the tables -------------------------------------------------------------------------------------------------------


def test_the_revisions_make_the_tables_that_the_code_uses(place: Place) -> None:
    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"version_table": REVISION_TABLE})
        return list(compare_metadata(context, RUNS.metadata))

    with database(place) as opened:
        assert opened.read(differences) == []


def test_in_postgresql_text_is_in_the_order_of_its_bytes_whatever_language_the_database_is_of(
    in_postgresql: Place,
) -> None:
    in_postgresql.open()
    wanted = text("SELECT DISTINCT collation_name FROM information_schema.columns WHERE character_maximum_length = 255")
    with database(in_postgresql) as opened:
        assert opened.read(lambda connection: connection.execute(wanted).scalars().all()) == ["C"]


def test_the_revision_that_the_code_knows_is_the_newest() -> None:
    assert migrating.newest_revision() == REVISION


def test_an_index_that_is_up_to_date_is_opened_without_alembic(place: Place) -> None:
    place.open().put(a_run())
    program = "index = RunIndex.open(folder, url)\nready()\nindex.close()\nprint('alembic' in sys.modules)"
    with other_host(program, place.folder, place.url) as host:
        host.go_on()
        assert host.result() == "False\n"


def test_tables_of_others_in_the_same_database_stay_as_they_are(place: Place) -> None:
    from skerry.state.opening import _database, _read

    others = _database(_read(place.url or f"sqlite:///{place.folder / opening.FILE}"))
    others.write(lambda connection: connection.execute(text("CREATE TABLE alembic_version (version_num TEXT)")))
    others.write(lambda connection: connection.execute(text("INSERT INTO alembic_version VALUES ('theirs')")))
    index = place.open()
    index.put(a_run())
    index.rebuild([a_run("other")])
    version = others.read(lambda connection: connection.execute(text("SELECT * FROM alembic_version")).scalar())
    others.close()
    assert version == "theirs"


def test_a_database_of_a_newer_skerry_is_refused_and_not_touched(place: Place) -> None:
    place.open().put(a_run())
    place.opened.close()
    with database(place) as opened:
        opened.write(lambda connection: connection.execute(text(f"UPDATE {REVISION_TABLE} SET version_num = '9999'")))

    def contents(connection: Connection) -> list[object]:
        return [list(connection.execute(text(f"SELECT * FROM {name}"))) for name in (RUNS.name, REVISION_TABLE)]

    watching = Database(opening._read(place.url or f"sqlite:///{place.folder / opening.FILE}"))
    before = watching.read(contents)
    file = place.folder / opening.FILE
    kept = file.read_bytes() if place.url is None else b""
    with pytest.raises(StateError) as caught:
        RunIndex.open(place.folder, place.url)
    assert caught.value.kind is ErrorKind.DATABASE_TOO_NEW
    assert "pip install --upgrade skerry" in str(caught.value)
    assert caught.value.fields["revision"] == "9999"
    assert watching.read(contents) == before
    watching.close()
    assert place.url is not None or file.read_bytes() == kept


def test_in_sqlite_who_reads_does_not_wait_for_who_writes(in_sqlite: Place) -> None:
    in_sqlite.open()
    with database(in_sqlite) as opened:
        mode = opened.read(lambda connection: connection.exec_driver_sql("PRAGMA journal_mode").scalar())
    assert mode == "wal"
    in_sqlite.opened.close()
    # With the last connection its helpers go, too.
    assert [file.name for file in in_sqlite.folder.iterdir()] == ["runs.sqlite"]


def test_its_files_can_be_read_by_their_user_alone(in_sqlite: Place) -> None:
    in_sqlite.open().put(a_run())
    modes = {file.name: file.stat().st_mode & 0o777 for file in in_sqlite.folder.iterdir()}
    assert modes == {"runs.sqlite": 0o600, "runs.sqlite-wal": 0o600, "runs.sqlite-shm": 0o600}


def test_nothing_is_left_open(place: Place) -> None:
    place.open().close()  # whose imports, and the driver's, open what stays
    with testing.nothing_left():
        index = RunIndex.open(place.folder, place.url)
        index.put(a_run())
        index.close()
        index.close()


def test_a_closed_index_says_so(index: RunIndex) -> None:
    index.close()
    with pytest.raises(StateError, match="The index of runs is closed"):
        index.find()
    with pytest.raises(StateError, match="The index of runs is closed"):
        index.put(a_run())


# -- the URL ----------------------------------------------------------------------------------------------------------


def test_any_file_can_be_named(tmp_path: Path) -> None:
    file = tmp_path / "with % and space.db"
    index = RunIndex.open(tmp_path, f"sqlite:///{file}")
    index.put(a_run())
    index.close()
    assert file.exists()
    assert not (tmp_path / opening.FILE).exists()


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_every_spelling_of_postgresql_means_the_same_driver(in_postgresql: Place, scheme: str) -> None:
    assert in_postgresql.url is not None
    url = in_postgresql.url.replace("postgresql", scheme, 1)
    index = RunIndex.open(in_postgresql.folder, url)
    index.put(a_run())
    index.close()
    assert in_postgresql.open().find() == [a_run()]


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("", "it is not of the form below"),
        ("runs.sqlite", "it is not of the form below"),
        ("postgresql://user:sesame@host:port/runs", "it is not of the form below"),
        ("oracel://user:sesame@host/runs", "'oracel' is no database that is supported"),
        ("sqlite://", "it names no file"),
        ("sqlite:///:memory:", "it names no file"),
        ("sqlite:///runs.sqlite", "its file 'runs.sqlite' would be another one in each folder"),
        ("sqlite:////nowhere/runs.sqlite", "the folder /nowhere is not there"),
        ("sqlite:////tmp", "/tmp is a folder"),
        ("mysql://user:sesame@host/runs", "'mysql' is no database that is supported"),
    ],
)
def test_a_url_that_cannot_be_used_says_why_and_no_password(tmp_path: Path, url: str, says: str) -> None:
    with pytest.raises(StateError) as caught:
        RunIndex.open(tmp_path, url)
    assert caught.value.kind is ErrorKind.DATABASE_URL_INVALID
    assert says in str(caught.value)
    assert "sesame" not in str(caught.value)
    assert not list(tmp_path.iterdir())


# -- what it needs ----------------------------------------------------------------------------------------------------


def run(program: str, *paths: Path) -> str:
    """Run a program in an interpreter without site-packages, but with what lies in ``paths``."""
    begin = f"import sys; sys.path[:0] = {[str(path) for path in (CORE, *paths)]!r}\n"
    told = subprocess.run(
        [sys.executable, "-I", "-S", "-c", begin + program],
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    return told.stdout


OPEN = """
from pathlib import Path
from skerry.errors import StateError
from skerry.state import RunIndex
try:
    RunIndex.open(Path("/nowhere"), "postgresql://user:sesame@localhost/runs")
except StateError as error:
    print(error.kind.value, error, sep="\\n")
"""


def test_without_the_extra_it_says_what_to_install() -> None:
    kind, what, advice = run(OPEN).splitlines()
    assert kind == "EXTRA_NOT_INSTALLED"
    assert what == "The index of runs needs sqlalchemy, which is not installed."
    assert advice == "Run `pip install 'skerry[runs]'`."


def test_without_the_driver_it_says_what_to_install(tmp_path: Path) -> None:
    installed = Path(sysconfig.get_path("purelib"))
    for name in ("sqlalchemy", "alembic", "mako", "markupsafe", "typing_extensions.py", "greenlet"):
        if (installed / name).exists():
            (tmp_path / name).symlink_to(installed / name)
    kind, what, advice = run(OPEN, tmp_path).splitlines()
    assert kind == "EXTRA_NOT_INSTALLED"
    assert what == ("The database postgresql+psycopg://user:***@localhost/runs needs psycopg, which is not installed.")
    assert advice == "Run `pip install 'skerry[runs,postgresql]'`."


def test_nothing_is_imported_before_an_index_is_opened() -> None:
    program = "import sys, skerry.state, skerry.console, skerry.workspace; print(*sys.modules)"
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    modules = set(told.stdout.split())
    assert {"skerry.state", "skerry.console"} <= modules
    assert not {"sqlalchemy", "alembic", "psycopg", "sqlite3"} & modules


def test_the_wheel_holds_the_revisions(tmp_path: Path) -> None:
    (wheel,) = WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])
    with zipfile.ZipFile(wheel) as packed:
        names = {name for name in packed.namelist() if name.startswith("skerry/state/")}
        packed.extractall(tmp_path / "installed", sorted(names))
    there = {str(file.relative_to(CORE)) for file in (CORE / "skerry" / "state").rglob("*.py")}
    assert "skerry/state/migrations/env.py" in there
    assert any(name.startswith("skerry/state/migrations/versions/revision_") for name in there)
    assert there <= names


def test_alembic_says_nothing_to_users(
    place: Place, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.WARNING):
        place.open()
    assert caplog.text == ""
    assert capfd.readouterr() == ("", "")
