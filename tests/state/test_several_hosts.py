"""Several processes use one index: nothing is lost, and nothing is done twice."""

from __future__ import annotations

import contextlib
import threading

import psycopg
from support.calls import Call
from support.indexes import Place
from support.other_hosts import OtherHost, other_host
from support.runs import a_run

from skerry.model import RunStatus
from skerry.state import opening

PUTS_AND_PRUNES = """
index = RunIndex.open(folder, url)
ready()
print(sum(index.put(a_run(f"run{number}", RunStatus.FAILED)) for number in range(150)), flush=True)
ready()
print(*index.prune(99.0, 0))
index.close()
"""

PUTS_EVENTS = """
import random
index = RunIndex.open(folder, url)
(seed,) = rest
steps = [(run, sequence) for run in range(5) for sequence in range(1, 41)]
random.Random(seed).shuffle(steps)
ready()
for run, sequence in steps:
    index.put(a_run(f"run{run}", RunStatus.RUNNING, sequence, tags={"sequence": str(sequence)}))
index.close()
"""

OPENS = """
from skerry.state import migrating, opening, sql_run_index  # which takes longest
ready()
index = RunIndex.open(folder, url)
index.put(a_run(rest[0]))
index.close()
"""

REBUILDS = """
index = RunIndex.open(folder, url)

def journals():
    ready()
    yield from (a_run(f"run{number}") for number in range(3))

index.rebuild(journals())
index.close()
"""


def all_at_once(stack: contextlib.ExitStack, place: Place, program: str, count: int) -> list[OtherHost]:
    hosts = [stack.enter_context(other_host(program, place.folder, place.url, str(number))) for number in range(count)]
    for host in hosts:
        host.go_on()
    return hosts


def test_of_two_hosts_that_do_the_same_one_changes_something(place: Place) -> None:
    index = place.open()
    with contextlib.ExitStack() as stack:
        hosts = all_at_once(stack, place, PUTS_AND_PRUNES, 2)
        assert sum(int(host.line()) for host in hosts) == 150
        for host in hosts:
            host.wait_until_ready()
        assert len(index.find(limit=1000)) == 150
        for host in hosts:
            host.go_on()
        pruned = " ".join(host.result() for host in hosts).split()
    assert sorted(pruned) == sorted(f"run{number}" for number in range(150))


def test_whichever_host_is_the_last_the_newest_stays(place: Place) -> None:
    index = place.open()
    with contextlib.ExitStack() as stack:
        for host in all_at_once(stack, place, PUTS_EVENTS, 2):
            host.result()
    newest = [a_run(f"run{run}", RunStatus.RUNNING, 40, tags={"sequence": "40"}) for run in range(5)]
    assert index.find() == newest[::-1]
    assert index.find(tags={"sequence": "40"}) == newest[::-1]


def test_hosts_that_open_it_at_the_same_moment_make_the_tables_once(place: Place) -> None:
    with contextlib.ExitStack() as stack:
        for host in all_at_once(stack, place, OPENS, 3):
            host.result()
    assert [run.id for run in place.open().find()] == ["2", "1", "0"]


def test_what_is_put_while_the_index_is_rebuilt_comes_after(place: Place) -> None:
    index = place.open()
    index.put(a_run("run0", location="before"))
    newer = a_run("run1", RunStatus.RUNNING, 5)
    with other_host(REBUILDS, place.folder, place.url) as host:
        assert [run.location for run in index.find()] == ["before"]  # who reads does not wait
        putting = Call(lambda: index.put(newer))
        assert not putting.is_over_within(0.3)
        host.go_on()
        host.result()
        putting.wait()
    assert index.find() == [a_run("run2"), newer, a_run("run0")]


def test_a_put_that_meets_another_in_the_middle_takes_that_into_account(in_postgresql: Place) -> None:
    index = in_postgresql.open()
    index.put(a_run(sequence=1))
    with psycopg.connect(in_postgresql.url or "") as other:
        other.execute("""UPDATE skerry_runs SET record = replace(record, '"sequence": 1', '"sequence": 9')""")
        putting = Call(lambda: index.put(a_run(sequence=5)))
        assert not putting.is_over_within(0.3)
    putting.wait()
    assert putting.result is False
    assert index.get("run") == a_run(sequence=9)


def test_a_prune_that_meets_another_in_the_middle_is_given_what_that_leaves(in_postgresql: Place) -> None:
    index = in_postgresql.open()
    index.rebuild(a_run(run_id, RunStatus.FAILED) for run_id in ("one", "two"))
    with psycopg.connect(in_postgresql.url or "") as other:
        other.execute("DELETE FROM skerry_runs WHERE id = 'one'")
        pruning = Call(lambda: index.prune(99.0, 0))
        assert not pruning.is_over_within(0.3)
    pruning.wait()
    assert pruning.result == ["two"]


def test_who_opens_it_waits_for_who_makes_the_tables(in_postgresql: Place) -> None:
    with psycopg.connect(in_postgresql.url or "") as other:
        other.execute("SELECT pg_advisory_xact_lock(%s)", [opening._ADVISORY_LOCK])
        call = Call(in_postgresql.open)
        assert not call.is_over_within(0.3)
    call.wait()


def test_threads_share_an_index(place: Place) -> None:
    index = place.open()
    changed: list[bool] = []

    def put() -> None:
        changed.extend(index.put(a_run(f"run{number}", RunStatus.RUNNING, 1)) for number in range(40))
        assert len(index.find()) >= 40

    threads = [threading.Thread(target=put) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert changed.count(True) == 40
    assert changed.count(False) == 7 * 40
