"""A folder in which a deployment example is played: its own command lines, with its paths and ports moved there."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import trustme
import yaml

from support.commands import environment
from support.deploy_tools import DEPLOY
from support.deployments import UNIT, Deployment, Server
from support.interpreters import make_environment
from support.servers import Server as Running
from support.servers import start_server
from support.waiting import wait_until

#: Where the examples put things: the folder of the test has one of the same name for each.
FOLDERS = re.compile(r"(?<![\w/.])(?:/etc/skerry|/run|/srv|~)(?=/)")
#: The interpreters that the examples name: their environment has the project, and no Skerry.
PYTHON = re.compile(r"/srv/(?!skerry)\w+/bin/python")
PORT = re.compile(r"(?<=[ =])42\d\d\b|^42\d\d$")

#: Starts what follows with the umask of the unit.
UMASK = ("sh", "-c", f'umask {re.findall("^UMask=(.*)$", UNIT.read_text(), re.MULTILINE)[0]} && exec "$@"', "sh")

#: The files that the values of the chart name, and that are not the project's.
OTHER_CODE = ("srv/lighthouse/repositories.py", "srv/local/repositories.py")
LAMPS = "from skerry import repository\n\n@repository\ndef lamps():\n    return []\n"


class Stage:
    """One example on a machine that is a folder. ``close`` ends its servers."""

    def __init__(self, folder: Path, deployment: Deployment, authority: trustme.CA) -> None:
        """Put there what the example needs: its code, the environment of the code, every secret that it names."""
        self.folder = folder
        self.servers = deployment.servers
        self.running: dict[str, Running] = {}
        self._workspace = deployment.workspace
        self._ports: dict[str, str] = {}
        self.project = folder / "project"
        shutil.copytree(DEPLOY / "project", self.project, ignore=shutil.ignore_patterns("__pycache__"))
        self._python = make_environment(folder / "environment", "3.8", self.project)
        for name in OTHER_CODE:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(LAMPS)
        self.use(authority)

    def use(self, authority: trustme.CA) -> None:
        """Mount every secret, with certificates of this authority."""
        self._authority = authority
        for mounted, files in self.secrets().items():
            mount(mounted, files)

    def here(self, text: str) -> str:
        """Say what stands in an example as it is on this machine."""
        text = PYTHON.sub(str(self._python), text)
        return FOLDERS.sub(lambda found: f"{self.folder}/{found[0].strip('/~') or 'home'}", text)

    def words(self, words: list[str], server: Server) -> list[str]:
        """Say a command line of a server's as it is on this machine."""
        moved = [self.here(word).replace("0.0.0.0", "127.0.0.1") for word in words]
        return [PORT.sub(self.port(server.name), word) for word in moved]

    def port(self, name: str) -> str:
        """Give the free port that stands for a server's own."""
        if name not in self._ports:
            with socket.socket() as one:
                one.bind(("127.0.0.1", 0))
                self._ports[name] = str(one.getsockname()[1])
        return self._ports[name]

    def entries(self) -> list[dict[str, Any]]:
        """Give the entries of the example's workspace file, each leading to where its server is now."""
        found: list[dict[str, Any]] = yaml.safe_load(self.here(self._workspace))["load_from"]
        for options in (entry["grpc_server"] for entry in found if "host" in entry.get("grpc_server", {})):
            options["port"] = int(self.port(options["host"]))
            options["host"] = "127.0.0.1"
        return found

    def secrets(self) -> dict[Path, dict[str, str]]:
        """Give the content of every secret that is named, by folder and file."""
        found: dict[Path, dict[str, str]] = defaultdict(dict)

        def certificate(path: Path, pair: tuple[str, str]) -> None:
            found[path.parent][path.name] = {
                "ca.crt": self._authority.cert_pem.bytes().decode(),
                "tls.crt": pair[0],
                "tls.key": pair[1],
            }[path.name]

        host_names = re.findall(r"server_name: (\S+)", self._workspace)
        client, serving = (self._issue(*names) for names in (["client"], host_names or ["server"]))
        for server in self.servers:
            for name in re.findall(r"--(?:ca|cert|key)=(\S+)", " ".join(server.alive)):
                certificate(Path(self.here(name)), client)
            for name in re.findall(r"--(?:tls-cert|tls-key|client-ca)=(\S+)", " ".join(server.words)):
                certificate(Path(self.here(name)), serving)
            for name in re.findall(r"--token-file[ =](\S+)", " ".join(server.words)):
                path = Path(self.here(name))
                found[path.parent][path.name] = token(server)
        for options in (entry.get("grpc_server", {}) for entry in self.entries()):
            for name in (options[key] for key in ("token_file",) if key in options):
                (server,) = (one for one in self.servers if "port" not in options or self._is_at(one, options["port"]))
                found[Path(name).parent][Path(name).name] = token(server)
            for key, name in options.get("ssl", {}).items():
                if key != "server_name":
                    certificate(Path(name), client)
        return found

    def _issue(self, *names: str) -> tuple[str, str]:
        leaf = self._authority.issue_cert(*names)
        return leaf.cert_chain_pems[0].bytes().decode(), leaf.private_key_pem.bytes().decode()

    def _is_at(self, server: Server, port: int) -> bool:
        return self.port(server.name) == str(port)

    def start(self, server: Server) -> Running:
        """Start a server as the example does, with the umask of the unit."""
        for name in re.findall(r"--socket (\S+)", " ".join(server.words)):
            Path(self.here(name)).parent.mkdir(parents=True)
        variables = {name: self.here(value) for name, value in server.environment.items()}
        assert server.words[:2] == ["api", "grpc"]
        running = start_server(self.folder, *self.words(server.words[2:], server), command=UMASK, **variables)
        self.running[server.name] = running
        return running

    def skerry(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        command = [sys.executable, "-m", "skerry", *words]
        return subprocess.run(
            command, cwd=self.folder, env=environment(), capture_output=True, text=True, timeout=60, check=False
        )

    def succeeds(self, probe: list[str], server: Server) -> bool:
        """Run a probe once."""
        return self.skerry(*self.words(probe, server)).returncode == 0

    def wait_for(self, probe: list[str], server: Server) -> None:
        """Run a probe until it succeeds, as whoever runs the example does."""
        wait_until(lambda: self.succeeds(probe, server), 60, f"{server.name}: {' '.join(probe)}")

    def look(self, entries: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
        """Look at the locations of a workspace file; gives each as JSON, by its name."""
        file = self.folder / "workspace.yaml"
        file.write_text(yaml.safe_dump({"load_from": entries}))
        answer = self.skerry("inspect", "--json", "--workspace", str(file))
        return {location["name"]: location for location in json.loads(answer.stdout)["locations"]}

    def close(self) -> None:
        """End what still runs."""
        for running in self.running.values():
            running.end()


def token(server: Server) -> str:
    """Give the token of a server."""
    return f"sesame-of-{server.name}"


def mount(folder: Path, files: dict[str, str]) -> None:
    """Mount a Secret, or a new version of it, in the way of the kubelet: a link to the newest folder is replaced."""
    folder.mkdir(parents=True, exist_ok=True)
    version = folder / f"..{len(list(folder.glob('..*_')))}_"
    version.mkdir()
    for name, text in files.items():
        (version / name).write_text(text)
    new = folder / "..data_new"
    new.symlink_to(version.name)
    os.replace(new, folder / "..data")
    for name in files:
        if not (folder / name).is_symlink():
            (folder / name).symlink_to(f"..data/{name}")
