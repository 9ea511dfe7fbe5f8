"""Calls a second, and how long the slow ones take: pings by one client and by many, and snapshots."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from benchmarks.measure import Contender, Series, Unit, alternate, named, say
from benchmarks.peers import DAGSTER_0_12
from benchmarks.result import Result
from benchmarks.serving import TCP, TRANSPORTS, Load, Serve, calling, serve, serve_with
from benchmarks.setting import OURS, Setting
from benchmarks.verdicts import Verdict, at_least_times
from benchmarks.words import times_as_many

_MANY = 64
#: Of Dagster 0.12.15's ping rate, with one client.
_TARGET = 4
_LENGTH, _QUICK_LENGTH = 3.0, 0.5
_PINGS = (
    "A hello world is served, and each client waits for its answer before it calls again. {clients} Ping: Skerry's "
    "handshake, by `Peer.shake_hands` over a connection that is kept; `DagsterGrpcClient.ping`, which connects anew "
    "for each call. The servers are `skerry api grpc` and `dagster api grpc`, at 127.0.0.1: "
    '"localhost" sends an old grpcio into name look-ups that are slow on some machines.{ratio}'
)
_ONE_CLIENT = "One client, in a process of its own."
_MANY_CLIENTS = f"{_MANY} clients, each a thread with a client object of its own, in 4 processes on every side."
_SNAPSHOTS = (
    "One client asks for all definitions of the hello world, and has objects made of the answer: Skerry's snapshot "
    "call, `DagsterGrpcClient.external_repository` and its deserialisation."
)
_SLOW = "The seconds within which 99 of 100 of these calls were answered."


class _Caller:
    """One contender: its server, started for each run, and what calls it. ``slow``: what comes beside the rate."""

    def __init__(self, name: str, serve: Serve, load: Load) -> None:
        self.name = name
        self.slow = Series(name)
        self._serve = serve
        self._load = load

    def rate(self) -> float:
        """Give the calls a second. Raises BenchmarkError, also when one call failed."""
        with self._serve() as served, calling(served, self._load) as answer:
            self.slow.values.append(answer["p99"])
            return float(answer["rate"])


def run(setting: Setting) -> Sequence[Result]:
    """Measure it."""
    return [*_ping(setting, 1), *_ping(setting, _MANY), *_snapshot(setting)]


def _ping(setting: Setting, clients: int) -> Sequence[Result]:
    number = f"{clients} client{'s' if clients > 1 else ''}"
    say(f"  pings, {number}")
    rates, slow = _measure(setting, TRANSPORTS, Load("ping", clients, _length(setting)))
    ours, theirs = named(rates, _ours(TCP)), named(rates, DAGSTER_0_12.name)
    claim = f"ping rate, {number}, TCP, of {DAGSTER_0_12.name}"
    verdicts: list[Verdict] = [at_least_times(claim, ours, theirs, _TARGET)] if clients == 1 else []
    ratio = times_as_many(ours, theirs)
    said = f" Over TCP, {OURS} answers {ratio}." if ratio else ""
    note = _PINGS.format(clients=_ONE_CLIENT if clients == 1 else _MANY_CLIENTS, ratio=said)
    return [
        Result(f"Pings a second, {number}", note, rates, verdicts),
        Result(f"Slow pings, {number}", _SLOW, slow),
    ]


def _snapshot(setting: Setting) -> Sequence[Result]:
    say("  snapshots")
    rates, slow = _measure(setting, [TCP], Load("snapshot", 1, _length(setting)))
    return [Result("Snapshots a second", _SNAPSHOTS, rates), Result("Slow snapshots", _SLOW, slow)]


def _measure(setting: Setting, transports: Sequence[str], load: Load) -> tuple[list[Series], list[Series]]:
    callers = [
        *(_Caller(_ours(transport), partial(serve, setting, transport), load) for transport in transports),
        *(_Caller(each.peer.name, partial(serve_with, setting, each), load) for each in setting.peers),
    ]
    contenders = [Contender(caller.name, caller.rate) for caller in callers]
    rates = alternate(contenders, setting.rounds(5), Unit.RATE)
    for caller, rate in zip(callers, rates, strict=True):
        caller.slow.failed, caller.slow.failure = rate.failed, rate.failure
    return rates, [caller.slow for caller in callers]


def _ours(transport: str) -> str:
    return f"{OURS}, {transport}"


def _length(setting: Setting) -> float:
    return _QUICK_LENGTH if setting.quick else _LENGTH
