"""The entries together: unique names in a file; of several files, what the later one says counts."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain, count

from skerry.workspace_file.entries import Draft
from skerry.workspace_file.envelope import LIST
from skerry.workspace_file.findings import Code, Finding
from skerry.workspace_file.options import OptionsDraft


@dataclass
class FileDraft:
    """What was read from one file. ``file``: as the user gave it. ``folder``: absolute, what its paths start from.

    ``run_launcher``: what it says of that; None without it.
    """

    file: str
    folder: str
    drafts: list[Draft] = field(default_factory=list)
    run_launcher: OptionsDraft | None = None
    findings: list[Finding] = field(default_factory=list)


def settle_names(files: list[FileDraft]) -> list[tuple[FileDraft, Draft]]:
    """Give every draft a name of its own, and leave out those that a later file overrides."""
    members: dict[str, tuple[FileDraft, Draft]] = {}
    for file in files:
        _refuse_duplicates(file)
        for draft in file.drafts:
            if draft.name is not None:
                if draft.name in members:
                    earlier_file, earlier = members[draft.name]
                    fields = {"location": draft.name, "earlier": _where(earlier, earlier_file.file)}
                    draft.add(Code.LOCATION_OVERRIDDEN, draft.name_place, **fields)
                members[draft.name] = file, draft
    return _with_nameless(files, members)


def settle_launcher(files: list[FileDraft]) -> tuple[FileDraft, OptionsDraft] | None:
    """Choose what the last file says that speaks of a run launcher; None where none does."""
    settled: tuple[FileDraft, OptionsDraft] | None = None
    for file in files:
        draft = file.run_launcher
        if draft is not None:
            if settled is not None:
                earlier_file, earlier = settled
                line = earlier.place[0] if earlier.place else 1
                draft.add(Code.RUN_LAUNCHER_OVERRIDDEN, draft.place, earlier=f"{earlier_file.file}:{line}")
            settled = file, draft
    return settled


def _refuse_duplicates(file: FileDraft) -> None:
    first: dict[str, Draft] = {}
    for draft in file.drafts:
        if draft.name in first:
            holder = _where(first[draft.name])
            draft.add(Code.DUPLICATE_LOCATION_NAME, draft.name_place, location=draft.name, first=holder)
            draft.name = draft.options = None
        elif draft.name is not None:
            first[draft.name] = draft


def _where(draft: Draft, file: str = "") -> str:
    """Say where a draft stands: ``on line 4`` or ``a.yaml:4``, and its index where there are no lines."""
    if draft.name_place is None:
        return f"{LIST}[{draft.index}]"
    line = draft.name_place[0]
    return f"{file}:{line}" if file else f"on line {line}"


def _with_nameless(
    files: list[FileDraft], members: dict[str, tuple[FileDraft, Draft]]
) -> list[tuple[FileDraft, Draft]]:
    """Put all in order: what overrides stands where the overridden one stood."""
    ordered: dict[str, tuple[FileDraft, Draft]] = {}
    for file in files:
        for draft in file.drafts:
            if draft.name is None:
                draft.name = _free_name(draft.index, members)
                members[draft.name] = file, draft
            ordered[draft.name] = members[draft.name]
    return list(ordered.values())


def _free_name(index: int, taken: dict[str, tuple[FileDraft, Draft]]) -> str:
    plain = f"{LIST}[{index}]"
    numbered = (f"{plain} ({number})" for number in count(2))
    return next(name for name in chain([plain], numbered) if name not in taken)
