"""From paths, or flags, to the description of a workspace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from skerry.errors import WorkspaceFileError
from skerry.model import Origin, Problem
from skerry.plugin import EntryContext
from skerry.plugin.discovery import InstalledTwice
from skerry.plugin.registry import Registry
from skerry.user_process.masking import Masker
from skerry.workspace_file.description import ChosenLauncher, Entry, WorkspaceDescription
from skerry.workspace_file.document import read_document
from skerry.workspace_file.entries import Draft, EntryReader
from skerry.workspace_file.envelope import open_envelope
from skerry.workspace_file.findings import Code, FileError, Finding, Place
from skerry.workspace_file.launcher import read_launcher
from skerry.workspace_file.names import FileDraft, settle_launcher, settle_names
from skerry.workspace_file.options import OptionsDraft
from skerry.workspace_file.schema import Schemas
from skerry.workspace_file.source import read_text
from skerry.workspace_file.tree import Tree, tree_of
from skerry.workspace_file.wording import problem_of

#: Characters that the entries of a file may have together when aliases are followed; far above what 4 MB hold.
LARGEST = 10_000_000


def read_workspace_files(paths: Sequence[Path], registry: Registry) -> WorkspaceDescription:
    """Read the workspace files, in order; an entry of a later one overrides the earlier one of the same name.

    Called by the workspace. Raises WorkspaceFileError, with the problems of all the files, when one fails whole.
    """
    reading = _Reading(registry)
    files, failed = [], False
    for path in paths:
        file = FileDraft(str(path), str(path.absolute().parent))
        files.append(file)
        try:
            reading.read(read_document(read_text(path)), file)
        except FileError as error:
            failed = True
            file.findings = list(error.findings)
    description = _describe(files, tuple(str(path.absolute()) for path in paths))
    if failed:
        raise WorkspaceFileError(description.problems)
    return description


def read_entries(
    load_from: list[Mapping[str, Any]], folder: Path, registry: Registry, source: str = "command line"
) -> WorkspaceDescription:
    """Read entries that stand in no file: from command-line flags, or given to the library.

    ``folder``: what their paths start from. ``source``: named in problems in place of a file. Called by the workspace.
    Raises WorkspaceFileError when the values are nested without end.
    """
    file = FileDraft(source, str(folder.absolute()))
    try:
        _Reading(registry).read(tree_of({"load_from": load_from}), file)
    except FileError as error:
        raise WorkspaceFileError(_problems(error.findings, source)) from None
    return _describe([file], ())


class _Reading:
    """One reading of a workspace."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._schemas = Schemas()
        self._told: set[InstalledTwice] = set()
        self._entry_reader = EntryReader(registry, self._schemas, self._told)

    def read(self, root: Tree | None, file: FileDraft) -> None:
        """Make drafts of what a file holds. Raises FileError."""
        envelope = open_envelope(root, self._schemas)
        file.findings = envelope.findings
        context = EntryContext(Path(file.folder))
        room = LARGEST
        for index, tree in envelope.entries.children.items():
            if tree.size > room:
                file.drafts.append(Draft(tree.place, index=index, findings=[_too_large(tree)]))
                continue
            room -= tree.size
            file.drafts.append(self._entry_reader.read(tree, index, context))
        launcher = envelope.run_launcher
        if launcher is not None:
            file.run_launcher = (
                OptionsDraft(launcher.place, findings=[_too_large(launcher)])
                if launcher.size > room
                else read_launcher(launcher, self._registry, self._schemas, self._told)
            )


def _too_large(tree: Tree) -> Finding:
    return Finding(Code.ALIASES_TOO_LARGE, tree.place)


def _describe(files: list[FileDraft], paths: tuple[str, ...]) -> WorkspaceDescription:
    # By identity: one file may be given twice.
    problems = {id(file): _problems(file.findings, file.file) for file in files}
    entries = []
    for file, draft in settle_names(files):
        entry = _entry(draft, file)
        entries.append(entry)
        problems[id(file)].extend(entry.problems)
    launcher = None
    chosen = settle_launcher(files)
    if chosen is not None:
        launcher = _launcher(*chosen)
        problems[id(chosen[0])].extend(launcher.problems)
    in_order = [problem for found in problems.values() for problem in sorted(found, key=_position)]
    return WorkspaceDescription(paths, tuple(entries), tuple(in_order), launcher)


def _launcher(file: FileDraft, draft: OptionsDraft) -> ChosenLauncher:
    problems = _masked(_problems(draft.findings, file.file), draft)
    line, column = draft.type_place or (None, None)
    return ChosenLauncher(draft.type, draft.options, problems, draft.written, file.file, line, column)


def _entry(draft: Draft, file: FileDraft) -> Entry:
    name = draft.name or ""
    origin = None
    if draft.options is not None:
        times = {key: float(draft.common[key]) for key in ("startup_timeout", "idle_timeout") if key in draft.common}
        origin = Origin(
            name,
            draft.type,
            draft.options,
            file.folder,
            env=draft.env,
            env_file=draft.env_file,
            lazy=draft.common.get("lazy", False),
            watch=draft.watch,
            **times,
        )
    return Entry(
        name=name,
        type=draft.type,
        file=file.file,
        line=draft.place[0] if draft.place else None,
        origin=origin,
        startup_timeout_place=_words(file.file, draft.startup_timeout_place),
        problems=_masked(_problems(draft.findings, file.file, name), draft),
        written=draft.written,
    )


def _masked(problems: list[Problem], draft: OptionsDraft) -> tuple[Problem, ...]:
    if draft.texts:
        problems = list(map(Masker(draft.texts).problem, problems))
    return tuple(sorted(problems, key=_position))


def _problems(findings: Sequence[Finding], file: str, location: str | None = None) -> list[Problem]:
    return [problem_of(finding, file, location) for finding in findings]


def _position(problem: Problem) -> tuple[int, int]:
    return problem.line or 0, problem.column or 0


def _words(file: str, place: Place | None) -> str:
    return f"{file}:{place[0]}:{place[1]}" if place else ""
