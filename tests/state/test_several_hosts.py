"""Several processes use one index: nothing is lost, and nothing is done twice."""

from __future__ import annotations

import contextlib
import threading

from support.indexes import Place
from support.other_hosts import OtherHost, other_host
from support.runs import a_run

from skerry.model import RunStatus

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
        putting = threading.Thread(target=index.put, args=(newer,))
        putting.start()
        putting.join(0.3)
        assert putting.is_alive()
        host.go_on()
        host.result()
        putting.join(30)
        assert not putting.is_alive()
    assert index.find() == [a_run("run2"), newer, a_run("run0")]


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
