"""Every command in the documentation runs, and prints what the page shows below it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.pages import PAGES, ROOT, Command, blocks, commands, page_id
from support.shell import Shell, stable

CONSOLE = ("console", "shell")

#: Commands that are not run here, each with the reason.
NOT_RUN = {
    "make demo": "makes environments and inspects every example; the demo has a test of its own",
    "make test": "this is part of it",
    "make lint": "a part of make test",
    "make types": "a part of make test",
    "make layers": "a part of make test",
    "make tests": "this is part of it",
    "make wheel": "installs, and takes minutes",
    "make protocol": "installs a compiler and writes into the repository; a test compares what it writes",
    "pip install .": "installs",
    "pip install ./examples/plugins/skerry_project": "installs; the tests' environment has it",
    "cd skerry-team-folder && pip install --group dev --editable . && python -m pytest": (
        "installs; the tests of the kit do the same in an environment of their own"
    ),
    ".venv/bin/ruff format .": "changes the repository's files",
    ".venv/bin/python docs/make_reference.py": "writes into the repository; a test compares what it writes",
    ".venv/bin/python docs/make_schema.py": "likewise",
    ".venv/bin/python -m pytest tests/docs": "this is part of it",
    "python -m build --wheel --outdir examples/deploy/wheels .": "the test of the image's steps does the same",
    "docker build --build-arg IMAGE=harbour:1.4.2 --tag harbour:1.4.2 examples/deploy": "needs a Docker engine",
    "docker compose up --detach --wait": "needs a Docker engine",
    "docker compose run --rm inspect": "needs a Docker engine",
    "kubectl create secret generic harbour-token --from-file=token=harbour.token": "needs a cluster",
    "kubectl apply --kustomize examples/deploy/kubernetes/token": "needs a cluster; tests build the kustomization",
    "kubectl rollout status deployment harbour": "needs a cluster",
    "helm upgrade --install islands examples/deploy/helm/skerry-code-servers --values values.yaml": (
        "needs a cluster; tests render the chart with the same values"
    ),
    "helm test islands": "needs a cluster; tests run its command",
    "helm lint --strict examples/deploy/helm/skerry-code-servers --values values.yaml": (
        "not everybody has Helm; a test does the same where it is"
    ),
}

WITH_COMMANDS = [page for page in PAGES if blocks(page.read_text(), *CONSOLE)]


@pytest.mark.parametrize("page", WITH_COMMANDS, ids=page_id)
def test_the_commands_of_a_page_print_what_it_shows(page: Path, folder: Path) -> None:
    with Shell(folder) as shell:
        for block in blocks(page.read_text()):
            if block.server == "ended":
                shell.interrupt()
            if block.file:
                shell.write(block)
            elif block.server == "begins":
                shell.serve(block)
            elif block.language in CONSOLE:
                for command in commands(block):
                    if command.words not in NOT_RUN:
                        _run(command, shell, folder / block.folder, f"{page.name}:{block.line}")


def _run(command: Command, shell: Shell, folder: Path, place: str) -> None:
    answer = shell.run(command.words, folder)
    assert answer.returncode == 0, f"{place}: {command.words}: {answer.stdout}"
    if command.output:
        shown, printed = stable("\n".join(command.output)), shell.stable(answer.stdout)
        assert _matches(shown, printed), f"{place}: {command.words}\n\nshown:\n{shown}\n\nprinted:\n{printed}"


def _matches(shown: str, printed: str) -> bool:
    """Compare; a line ``...`` in what is shown stands for any number of lines."""
    lines = ["(?:.*\n)*" if line == "..." else re.escape(line) + "\n" for line in shown.splitlines()]
    return re.fullmatch("".join(lines), printed + "\n") is not None


def test_commands_that_are_not_run_stand_on_a_page_and_exist() -> None:
    shown = {
        command.words for page in PAGES for block in blocks(page.read_text(), *CONSOLE) for command in commands(block)
    }
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert set(NOT_RUN) <= shown
    for words in NOT_RUN:
        assert all((ROOT / part).exists() for part in words.split()[1:] if "/" in part)
    named = {target for page in PAGES for target in re.findall(r"(?:`|^\$ )make (\w+)", page.read_text(), re.MULTILINE)}
    assert {"demo", "test"} <= named <= set(targets)
