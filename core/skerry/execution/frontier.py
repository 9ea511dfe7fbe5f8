"""How far a run has come: which solids can start now, and which never will."""

import heapq
from typing import Dict, FrozenSet, Iterator, List, NamedTuple, Optional, Sequence, Set, Tuple

from skerry.definitions import OutputReference, SolidInvocation
from skerry.execution.plan import Plan


class Skipped(NamedTuple):
    """A solid that will not run. ``reason``: a sentence; ``blocked``: because another one has failed."""

    solid: str
    reason: str
    blocked: bool


class Frontier:
    """What each solid of a plan waits for. Of those that can start, the pipeline's order decides."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._names = list(plan.solids)
        self._numbers = {name: number for number, name in enumerate(self._names)}
        #: The outputs that each solid has given, once it has come to its end.
        self._given: Dict[str, FrozenSet[str]] = dict(plan.done)
        #: The solids that have failed, or were not run because another one has.
        self._blocked: Set[str] = set()
        self._waiting: Dict[str, Set[str]] = {}
        self._feeds: Dict[str, List[str]] = {}
        for name, each in plan.solids.items():
            sources = self._waiting[name] = {source.solid for source in _sources(each)} - plan.done.keys()
            for source in sources:
                self._feeds.setdefault(source, []).append(name)
        #: Those that wait for nothing any more; whether they start or are skipped is still to be told.
        self._free = [name for name, sources in self._waiting.items() if not sources]
        #: A heap of the numbers of those that can start now.
        self._ready: List[int] = []
        #: A heap of those that are run again, by the ``time.monotonic()`` at which they can start.
        self._due: List[Tuple[float, int]] = []

    def skipped(self) -> Iterator[Skipped]:
        """Give those that have just turned out never to start. To be asked before ``next``."""
        while self._free:
            name = self._free.pop(0)
            skipped = self._why_not(name)
            if skipped is None:
                heapq.heappush(self._ready, self._numbers[name])
                continue
            if skipped.blocked:
                self._blocked.add(name)
            self._ended(name, frozenset())
            yield skipped

    def next(self, now: float) -> Optional[SolidInvocation]:
        """Give a solid that can start, which is taken as started; None where there is none at ``now``."""
        while self._due and self._due[0][0] <= now:
            heapq.heappush(self._ready, heapq.heappop(self._due)[1])
        return self._plan.solids[self._names[heapq.heappop(self._ready)]] if self._ready else None

    @property
    def next_due(self) -> Optional[float]:
        """When the first of those that wait for their retry can start; None where none does."""
        return self._due[0][0] if self._due else None

    @property
    def is_open(self) -> bool:
        """Whether a solid has not come to its end, nor turned out never to start."""
        return any(name not in self._given for name in self._names)

    def succeeded(self, name: str, outputs: FrozenSet[str]) -> None:
        """Take note that a solid has ended with these outputs."""
        self._ended(name, outputs)

    def failed(self, name: str) -> None:
        """Take note that a solid has failed for good."""
        self._blocked.add(name)
        self._ended(name, frozenset())

    def retried(self, name: str, due: float) -> None:
        """Take note that a solid is to start again at ``due``."""
        heapq.heappush(self._due, (due, self._numbers[name]))

    def sources(self, invocation: SolidInvocation, name: str) -> Sequence[OutputReference]:
        """Give the outputs that feed an input and are there: of a fan-in, those that were given."""
        return [one for one in invocation.inputs[name] if one.output in self._given.get(one.solid, ())]

    def is_needed(self, solid: str) -> bool:
        """Tell whether a solid that has not come to its end takes something from ``solid``."""
        return any(name not in self._given for name in self._feeds.get(solid, ()))

    def _ended(self, name: str, outputs: FrozenSet[str]) -> None:
        self._given[name] = outputs
        for fed in self._feeds.get(name, ()):
            waiting = self._waiting[fed]
            waiting.discard(name)
            if not waiting:
                self._free.append(fed)

    def _why_not(self, name: str) -> Optional[Skipped]:
        invocation = self._plan.solids[name]
        for source in _sources(invocation):
            if source.solid in self._blocked:
                return Skipped(name, f"{source.solid} has failed, or could not run", blocked=True)
        for key, sources in invocation.inputs.items():
            if sources and not self.sources(invocation, key):
                missing = " and ".join(str(source) for source in sources)
                which = "which was not given" if len(sources) == 1 else "none of which was given"
                return Skipped(name, f"its input {key} comes from {missing}, {which}", blocked=False)
        return None


def _sources(invocation: SolidInvocation) -> Iterator[OutputReference]:
    for sources in invocation.inputs.values():
        yield from sources
