"""A database that is locked, away, full, damaged or somebody else's: waited for if that helps, and never hurt."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.exc import DBAPIError
from support.calls import Call
from support.indexes import Place
from support.other_hosts import other_host
from support.postgresql import PostgreSQL
from support.runs import a_run
from support.waiting import wait_until

from skerry.errors import ErrorKind, StateError
from skerry.model import Run
from skerry.state import RunIndex, database, faults
from skerry.state.opening import FILE

#: Holds the lock on the whole file until it is told to go on.
LOCKS = """
import sqlite3
connection = sqlite3.connect(folder / "runs.sqlite", isolation_level=None)
connection.execute("BEGIN EXCLUSIVE")
ready()
connection.execute("COMMIT")
connection.close()
"""


@pytest.fixture
def tries(monkeypatch: pytest.MonkeyPatch) -> list[ErrorKind]:
    """Give the kinds of errors that are met from now on, waited out or not."""
    met: list[ErrorKind] = []
    judge = faults.kind_of

    def judged(error: DBAPIError) -> ErrorKind:
        met.append(judge(error))
        return met[-1]

    monkeypatch.setattr(database, "kind_of", judged)
    return met


# -- locked, or away --------------------------------------------------------------------------------------------------


def test_a_file_that_another_program_locks_is_waited_for(in_sqlite: Place, tries: list[ErrorKind]) -> None:
    index = in_sqlite.open()
    index.put(a_run("before"))
    with other_host(LOCKS, in_sqlite.folder, None) as host:
        assert [run.id for run in index.find()] == ["before"]  # reading goes on
        call = Call(lambda: index.put(a_run("meanwhile")))
        wait_until(lambda: ErrorKind.DATABASE_UNAVAILABLE in tries, what="a try")
        assert not call.is_over
        host.go_on()
        call.wait()
    assert call.result is True
    assert [run.id for run in index.find()] == ["meanwhile", "before"]


def test_a_file_that_stays_locked_is_an_error_that_names_it(
    in_sqlite: Place, short_waiting: Callable[[float], None]
) -> None:
    short_waiting(0.3)
    index = in_sqlite.open()
    with other_host(LOCKS, in_sqlite.folder, None), pytest.raises(StateError) as caught:
        index.put(a_run())
    assert caught.value.kind is ErrorKind.DATABASE_UNAVAILABLE
    assert caught.value.fields["database"] == str(in_sqlite.folder / FILE)
    assert 0.1 <= caught.value.fields["seconds"] < 30
    assert "database is locked" in str(caught.value)
    assert index.put(a_run())  # the lock is gone with its holder


def test_closing_ends_the_waiting(in_sqlite: Place, tries: list[ErrorKind]) -> None:
    index = in_sqlite.open()
    with other_host(LOCKS, in_sqlite.folder, None):
        call = Call(lambda: index.put(a_run()))
        wait_until(lambda: ErrorKind.DATABASE_UNAVAILABLE in tries, what="a try")
        index.close()
        with pytest.raises(StateError, match="The index of runs is closed"):
            call.wait()


def test_connections_that_died_are_replaced_before_they_are_used(
    in_postgresql: Place, own_server: PostgreSQL, tries: list[ErrorKind]
) -> None:
    index = in_postgresql.open()
    index.put(a_run("before"))
    own_server.stop()
    own_server.start()
    assert index.put(a_run("after"))
    assert {run.id for run in index.find()} == {"before", "after"}
    assert tries == []


def test_a_server_that_is_away_is_waited_for(
    in_postgresql: Place, own_server: PostgreSQL, tries: list[ErrorKind]
) -> None:
    index = in_postgresql.open()
    index.put(a_run("before"))
    own_server.stop()
    calls = [Call(lambda: index.put(a_run("meanwhile"))), Call(index.find)]
    wait_until(lambda: tries.count(ErrorKind.DATABASE_UNAVAILABLE) >= 4, what="tries")
    assert not any(call.is_over for call in calls)
    own_server.start()
    for call in calls:
        call.wait()
    assert calls[0].result is True
    assert {run.id for run in index.find()} == {"before", "meanwhile"}


def test_a_server_that_stays_away_is_an_error_that_names_it(
    in_postgresql: Place, own_server: PostgreSQL, short_waiting: Callable[[float], None]
) -> None:
    short_waiting(0.3)
    index = in_postgresql.open()
    own_server.stop()
    for attempt in (index.find, in_postgresql.open):
        with pytest.raises(StateError) as caught:
            attempt()
        assert caught.value.kind is ErrorKind.DATABASE_UNAVAILABLE
        assert caught.value.fields["database"].startswith("postgresql+psycopg://postgres@/postgres")
        assert "Look at the server and its log" in str(caught.value)


def test_a_connection_that_was_cut_in_the_middle_is_replaced(in_postgresql: Place) -> None:
    index = in_postgresql.open()

    def journals() -> Iterator[Run]:
        yield a_run("one")
        with psycopg.connect(in_postgresql.url or "") as other:
            here = "datname = current_database() AND pid <> pg_backend_pid()"
            other.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {here}".encode())
        yield a_run("two")

    index.rebuild(journals())
    assert {run.id for run in index.find()} == {"one", "two"}


def test_a_row_that_somebody_holds_is_waited_for_and_then_an_error(
    in_postgresql: Place, short_waiting: Callable[[float], None]
) -> None:
    short_waiting(0.3)
    index = in_postgresql.open()
    index.put(a_run())
    with psycopg.connect(in_postgresql.url or "") as other:
        other.execute("SELECT * FROM skerry_runs FOR UPDATE")
        with pytest.raises(StateError) as caught:
            index.put(a_run(sequence=1))
        assert caught.value.kind is ErrorKind.DATABASE_UNAVAILABLE
    assert index.put(a_run(sequence=1))


# -- what waiting does not mend ---------------------------------------------------------------------------------------


def test_what_a_server_refuses_is_told_at_once_and_without_the_password(
    in_postgresql: Place, tries: list[ErrorKind]
) -> None:
    assert in_postgresql.url is not None
    url = in_postgresql.url.replace("postgres@/postgres", "postgres:sesame@/no_such") + "&sslpassword=sesame"
    with pytest.raises(StateError) as caught:
        RunIndex.open(in_postgresql.folder, url)
    assert caught.value.kind is ErrorKind.DATABASE_FAILED
    assert "does not exist" in str(caught.value)
    assert "sesame" not in str(caught.value)
    assert tries == [ErrorKind.DATABASE_FAILED]


def test_a_user_who_may_not_make_tables_is_told_so(in_postgresql: Place) -> None:
    assert in_postgresql.url is not None
    with psycopg.connect(in_postgresql.url) as connection:
        connection.execute("DROP ROLE IF EXISTS reader")
        connection.execute("CREATE ROLE reader LOGIN")
    with pytest.raises(StateError) as caught:
        RunIndex.open(in_postgresql.folder, in_postgresql.url.replace("postgres@", "reader@"))
    assert caught.value.kind is ErrorKind.DATABASE_FAILED
    assert "permission denied" in str(caught.value)


def test_a_standby_that_takes_no_writes_is_told_apart(in_postgresql: Place) -> None:
    in_postgresql.open().put(a_run())
    index = RunIndex.open(in_postgresql.folder, f"{in_postgresql.url}&options=-cdefault_transaction_read_only%3Don")
    assert index.find() == [a_run()]
    with pytest.raises(StateError) as caught:
        index.delete("run")
    index.close()
    assert caught.value.kind is ErrorKind.DATABASE_NOT_WRITABLE


FILLS_THE_DISK = """
import resource
index = RunIndex.open(folder, url)
index.put(a_run("before"))
resource.setrlimit(resource.RLIMIT_FSIZE, ((folder / "runs.sqlite").stat().st_size + 200_000, resource.RLIM_INFINITY))
ready()
from skerry.errors import StateError
try:
    for number in range(2000):
        index.put(a_run(f"run{number}", image="x" * 10_000))
except StateError as error:
    print(error.kind.value, number, error)
print(len(index.find(limit=5000)) == number + 1)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
print(index.put(a_run("after")))
index.close()
"""


def test_a_full_disk_is_an_error_and_what_was_stored_stays(in_sqlite: Place) -> None:
    with other_host(FILLS_THE_DISK, in_sqlite.folder, None) as host:
        host.go_on()
        told = host.result()
    assert told.startswith("DATABASE_NOT_WRITABLE")
    assert f"The database {in_sqlite.folder / FILE} cannot be written" in told
    assert told.splitlines()[-2:] == ["True", "True"]
    assert {"before", "after"} <= {run.id for run in in_sqlite.open().find(limit=5000)}


def test_a_folder_that_cannot_be_written_is_an_error_that_names_it(tmp_path: Path) -> None:
    # No mode stops root; no user writes where there is no folder.
    for folder in (tmp_path / "nowhere", Path(__file__)):
        with pytest.raises(StateError) as caught:
            RunIndex.open(folder)
        assert caught.value.kind is ErrorKind.DATABASE_NOT_WRITABLE
        assert str(folder / FILE) in str(caught.value)


def test_a_file_that_may_only_be_read_can_still_be_read(in_sqlite: Place) -> None:
    in_sqlite.open().put(a_run())
    in_sqlite.opened.close()
    index = RunIndex.open(in_sqlite.folder, f"sqlite:///file:{in_sqlite.folder / FILE}?mode=ro&uri=true")
    assert index.find() == [a_run()]
    with pytest.raises(StateError) as caught:
        index.put(a_run("other"))
    index.close()
    assert caught.value.kind is ErrorKind.DATABASE_NOT_WRITABLE


# -- damaged ----------------------------------------------------------------------------------------------------------


def test_a_file_that_is_no_database_is_named_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / FILE
    file.write_bytes(b"This was written over by something else. " * 500)
    with pytest.raises(StateError) as caught:
        RunIndex.open(tmp_path)
    assert caught.value.kind is ErrorKind.DATABASE_DAMAGED
    assert str(file) in str(caught.value)
    assert "Move it away" in str(caught.value)
    assert file.read_bytes().startswith(b"This was written over")
    assert [one.name for one in tmp_path.iterdir()] == [FILE]


def test_a_file_that_is_damaged_in_the_middle_is_named_and_left_alone(in_sqlite: Place) -> None:
    in_sqlite.open().rebuild(a_run(f"run{number}", image="x" * 1000) for number in range(300))
    in_sqlite.opened.close()
    file = in_sqlite.folder / FILE
    damaged = bytearray(file.read_bytes())
    damaged[8192:-4096] = b"\xff" * (len(damaged) - 12288)
    file.write_bytes(damaged)
    with pytest.raises(StateError) as caught:
        in_sqlite.open().find(limit=1000)
    assert caught.value.kind is ErrorKind.DATABASE_DAMAGED
    assert str(file) in str(caught.value)
    in_sqlite.opened.close()
    assert file.read_bytes() == damaged


def test_moved_away_as_the_words_say_it_is_made_anew(in_sqlite: Place) -> None:
    file = in_sqlite.folder / FILE
    file.write_bytes(b"no database " * 500)
    with pytest.raises(StateError):
        in_sqlite.open()
    file.rename(in_sqlite.folder / "damaged")
    index = in_sqlite.open()
    index.rebuild([a_run()])
    assert index.find() == [a_run()]


KILLED = """
index = RunIndex.open(folder, url)

def journals():
    yield a_run("half")
    ready()

index.put(a_run("before"))
index.rebuild(journals())
"""


def test_a_host_that_is_killed_in_the_middle_leaves_what_was_there(place: Place) -> None:
    with other_host(KILLED, place.folder, place.url):
        pass  # killed when it is left
    index = place.open()
    assert [run.id for run in index.find()] == ["before"]
    assert index.put(a_run("after"))
