"""The deployment examples as what they start: the command lines of code servers, of probes and of those who look."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from support.deploy_tools import DEPLOY, KUSTOMIZATIONS, VALUES, compose, kustomize, of_kind, render

UNIT = DEPLOY / "systemd" / "skerry-code-server@.service"
DOCKERFILE = DEPLOY / "Dockerfile"


@dataclass(frozen=True)
class Server:
    """One code server. Words are those after ``skerry``; ``alive`` and ``ready`` are commands that probe it."""

    name: str
    words: list[str]
    alive: list[str]
    ready: list[str]
    environment: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Deployment:
    """What one example starts. ``looks``: the command that looks at the servers, with ``workspace`` as its file."""

    servers: list[Server]
    workspace: str
    looks: list[str]

    @property
    def commands(self) -> Iterator[list[str]]:
        """Give every command line of it."""
        yield self.looks
        for server in self.servers:
            yield from (server.words, server.alive, server.ready)


def dockerfile() -> dict[str, str]:
    """Give the last instruction of each name in the last stage; ENV with its variables, one a line."""
    lines = [line for line in DOCKERFILE.read_text().splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n", "\n ", "\n".join(lines).rpartition("\nFROM ")[2])
    found: dict[str, str] = {}
    for name, text in re.findall(r"^([A-Z]+) (.*(?:\n .*)*)", joined, re.MULTILINE):
        found[name] = f"{found[name]}\n{text}" if name == "ENV" and name in found else text
    return found


def image_variables() -> dict[str, str]:
    """Give the variables that the image sets for its commands."""
    return dict(re.findall(r"^\s*(SKERRY_\w+)=(\S+)", dockerfile()["ENV"], re.MULTILINE))


def _probe(port: str, service: str = "") -> list[str]:
    """Write what a probe that is no command asks as the command that asks the same."""
    words = ["api", "grpc-health-check", "--host", "127.0.0.1", "--port", port]
    return [*words, "--service", service] if service else words


def _words(text: str) -> list[str]:
    """Read the list in an instruction of the Dockerfile."""
    words: list[str] = json.loads(" ".join(text[text.index("[") :].split()))
    return words


def _after_skerry(words: list[str]) -> list[str]:
    assert words[0].endswith("skerry"), words
    return words[1:]


def _image() -> Deployment:
    parts = dockerfile()
    command = _after_skerry(_words(parts["ENTRYPOINT"]) + _words(parts["CMD"]))
    probe = _after_skerry(_words(parts["HEALTHCHECK"]))
    variables = {**image_variables(), "SKERRY_CURRENT_IMAGE": "harbour:1.4.2"}
    entry = {"grpc_server": {"host": "harbour", "port": 4266}}
    server = Server("harbour", command, probe, [*probe, "--service", "code"], variables)
    return Deployment([server], yaml.safe_dump({"load_from": [entry]}), ["inspect"])


def _compose() -> Deployment:
    services = compose()["services"]
    looks = services.pop("inspect")["command"]
    servers = []
    for name, service in services.items():
        ready = _after_skerry(service["healthcheck"]["test"][1:])
        port = service["command"][service["command"].index("--port") + 1]
        variables = {**image_variables(), **service["environment"]}
        servers.append(Server(name, service["command"], _probe(port), ready, variables))
    return Deployment(servers, (DEPLOY / "workspace.yaml").read_text(), looks)


def _systemd() -> Deployment:
    (line,) = re.findall(r"^ExecStart=(.*)$", UNIT.read_text(), re.MULTILINE)
    for specifier, value in (("%i", "harbour"), ("%t", "/run"), ("%d", "/run/credentials/harbour")):
        line = line.replace(specifier, value)
    words = _after_skerry(line.split())
    settings = (DEPLOY / "systemd" / "harbour.env").read_text()
    variables = dict(re.findall(r"^(\w+)=(.*)$", settings, re.MULTILINE))
    probe = ["api", "grpc-health-check", "--socket", words[words.index("--socket") + 1]]
    server = Server("harbour", words, probe, [*probe, "--service", "code"], variables)
    return Deployment([server], (DEPLOY / "systemd" / "workspace.yaml").read_text(), ["inspect"])


def _probe_of_kubernetes(probe: dict[str, Any]) -> list[str]:
    if "grpc" in probe:
        return _probe(str(probe["grpc"]["port"]), probe["grpc"]["service"])
    return _after_skerry(probe["exec"]["command"])


def _kubernetes(manifests: str, looks: list[str]) -> Deployment:
    servers = []
    for deployment in of_kind(manifests, "Deployment"):
        (container,) = deployment["spec"]["template"]["spec"]["containers"]
        words = _after_skerry(container["command"] + container["args"])
        alive, ready = (_probe_of_kubernetes(container[probe]) for probe in ("livenessProbe", "readinessProbe"))
        assert alive == _probe_of_kubernetes(container["startupProbe"])
        variables = {each["name"]: each["value"] for each in container["env"]}
        servers.append(Server(deployment["metadata"]["name"], words, alive, ready, {**image_variables(), **variables}))
    (config,) = of_kind(manifests, "ConfigMap")
    return Deployment(servers, config["data"]["workspace.yaml"], looks)


def _kustomization(folder: Path) -> Deployment:
    return _kubernetes(kustomize(folder), ["inspect"])


def _chart(values: Path) -> Deployment:
    manifests = render(values)
    (pod,) = of_kind(manifests, "Pod")
    (container,) = pod["spec"]["containers"]
    looks = _after_skerry(container["command"] + container["args"])
    return _kubernetes(manifests, looks)


#: Each is made when a test asks for it: it may need a tool.
EXAMPLES: dict[str, Callable[[], Deployment]] = {
    "image": _image,
    "compose": _compose,
    "systemd": _systemd,
    **{f"kubernetes-{folder.name}": partial(_kustomization, folder) for folder in KUSTOMIZATIONS},
    **{f"chart-{path.stem.removesuffix('-values')}": partial(_chart, path) for path in VALUES},
}
