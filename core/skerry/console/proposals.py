"""What to preload: modules whose import several locations of one interpreter pay for, each on its own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import mean

from skerry.model import ImportCost, LocationState

#: Seconds, or bytes, that a location spends on a package before it is worth a line in the workspace file.
WORTH_SECONDS = 0.1
WORTH_SIZE = 10_000_000
#: Of what a package costs, the share from which on one of its modules is named.
_NAMED = 0.1


@dataclass(frozen=True)
class Proposal:
    """Modules to preload for some locations of an interpreter.

    ``seconds`` and ``size``: what they cost each of these; ``more``: some of them have others preloaded already.
    """

    executable: str
    modules: tuple[str, ...]
    locations: tuple[str, ...]
    seconds: float
    size: int
    more: bool

    @property
    def saved_seconds(self) -> float:
        """What is left of the cost is paid once."""
        return self.seconds * (len(self.locations) - 1)

    @property
    def saved_size(self) -> int:
        """As ``saved_seconds``."""
        return self.size * (len(self.locations) - 1)


@dataclass(frozen=True)
class _Use:
    """What one location imports of one package."""

    location: str
    imports: tuple[ImportCost, ...]
    more: bool

    @property
    def seconds(self) -> float:
        return sum(one.seconds for one in self.imports)

    @property
    def size(self) -> int:
        return sum(one.size for one in self.imports)


def propose(locations: Iterable[LocationState]) -> list[Proposal]:
    """Give what is worth it, the most expensive first."""
    uses: defaultdict[tuple[str, str], list[_Use]] = defaultdict(list)
    for location in locations:
        explanation = location.explanation
        if explanation is None:
            continue
        for package, imports in _by_package(explanation.imports).items():
            use = _Use(location.name, tuple(imports), bool(explanation.preloaded))
            if use.seconds >= WORTH_SECONDS or use.size >= WORTH_SIZE:
                uses[explanation.executable, package].append(use)
    # Packages that the same locations import are one line to add.
    together: defaultdict[tuple[str, tuple[str, ...]], list[list[_Use]]] = defaultdict(list)
    for (executable, _), users in uses.items():
        if len(users) > 1:
            together[executable, tuple(use.location for use in users)].append(users)
    proposals = [_proposal(executable, names, packages) for (executable, names), packages in together.items()]
    return sorted(proposals, key=lambda one: one.saved_seconds, reverse=True)


def _by_package(imports: Iterable[ImportCost]) -> dict[str, list[ImportCost]]:
    packages: defaultdict[str, list[ImportCost]] = defaultdict(list)
    for one in imports:
        packages[one.module.partition(".")[0]].append(one)
    return packages


def _proposal(executable: str, names: tuple[str, ...], packages: list[list[_Use]]) -> Proposal:
    packages.sort(key=lambda users: sum(use.seconds for use in users), reverse=True)
    return Proposal(
        executable,
        modules=tuple(module for users in packages for module in _modules(users)),
        locations=names,
        seconds=sum(mean(use.seconds for use in users) for users in packages),
        size=round(sum(mean(use.size for use in users) for users in packages)),
        more=any(use.more for users in packages for use in users),
    )


def _modules(users: Sequence[_Use]) -> list[str]:
    """Name the modules of a package that cost much; with a module come those that it is in."""
    seconds: defaultdict[str, float] = defaultdict(float)
    for use in users:
        for one in use.imports:
            seconds[one.module] += one.seconds
    total = sum(seconds.values())
    named = [module for module, spent in seconds.items() if spent >= _NAMED * total]
    return [module for module in named if not any(other.startswith(f"{module}.") for other in named)]
