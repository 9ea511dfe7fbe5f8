"""examples/deploy/Dockerfile: what hadolint sees, what it does not, and its steps, which need no Docker."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from support.commands import environment
from support.deploy_tools import DEPLOY, ROOT, run, succeed
from support.deployments import DOCKERFILE, dockerfile


def test_hadolint_finds_nothing() -> None:
    assert succeed("hadolint", "--failure-threshold", "style", DOCKERFILE) == ""


def test_hadolint_is_awake(tmp_path: Path) -> None:
    broken = tmp_path / "Dockerfile"
    broken.write_text(DOCKERFILE.read_text().replace('ENTRYPOINT ["skerry"]', "ENTRYPOINT skerry"))
    answer = run("hadolint", "--failure-threshold", "style", broken)
    assert answer.returncode != 0
    assert "DL3025" in answer.stdout


@pytest.mark.parametrize("name", ["ENTRYPOINT", "CMD", "HEALTHCHECK"])
def test_no_shell_stands_between_a_signal_and_skerry(name: str) -> None:
    text = dockerfile()[name]
    words = json.loads(text[text.index("[") :])
    assert words
    assert all(isinstance(word, str) for word in words)


def test_it_does_not_run_as_root() -> None:
    user = dockerfile()["USER"]
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", user), "Kubernetes' runAsNonRoot needs a number that is not 0"


def test_the_name_of_the_image_is_a_build_argument_and_the_variables_default() -> None:
    parts = dockerfile()
    assert parts["ARG"] == "IMAGE="
    assert "SKERRY_CURRENT_IMAGE=${IMAGE}" in parts["ENV"].split()
    assert list(parts).index("ARG") > list(parts).index("COPY"), "a new name would build everything again"


def test_everything_that_is_copied_is_sent_to_the_builder() -> None:
    ignored = (DEPLOY / ".dockerignore").read_text().splitlines()
    copied = re.findall(r"^COPY (?!--from)(\S+)|source=(\w+)", DOCKERFILE.read_text(), re.MULTILINE)
    folders = [one or other for one, other in copied]
    assert folders == ["wheels", "project"]
    for folder in folders:
        assert (DEPLOY / folder).is_dir()
        assert f"!{folder}" in ignored
    assert "*" in ignored


def steps() -> list[str]:
    """Give the commands of the first stage, as a shell gets them."""
    stage = DOCKERFILE.read_text().split("\nFROM ")[1]
    commands = re.findall(r"^RUN ((?:.*\\\n)*.*)$", stage, re.MULTILINE)
    return [re.sub(r"\\\n", "", re.sub(r"--mount=\S+", "", command)) for command in commands]


def python(prefix: Path, program: str) -> str:
    answer = subprocess.run(
        [prefix / "bin" / "python", "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    return answer.stdout + answer.stderr


@pytest.mark.timeout(300)
def test_its_steps_make_two_environments_that_do_not_touch(tmp_path: Path) -> None:
    """Without Docker and without an index: what Skerry depends on is lent by the tests' environment."""
    building = [
        sys.executable,
        "-m",
        "build",
        "--wheel",
        "--no-isolation",
        "--outdir",
        str(tmp_path / "wheels"),
        str(ROOT),
    ]
    subprocess.run(building, check=True, capture_output=True, timeout=120)
    shutil.copytree(DEPLOY / "project", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    lent = sysconfig.get_path("purelib")
    offline = {"PIP_NO_INDEX": "1", "PIP_NO_DEPS": "1", "PIP_NO_BUILD_ISOLATION": "0"}
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    make, install_skerry, install_code = steps()
    for command, more in ((make, {}), (install_skerry, {}), (install_code, {"PYTHONPATH": lent})):
        moved = re.sub(r"(?<=[\s])/(?=srv/|src\b|wheels/)", f"{tmp_path}/", f" {command}")
        answer = subprocess.run(
            ["sh", "-ec", moved],
            env=environment(PATH=path, **offline, **more),
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert answer.returncode == 0, answer.stdout + answer.stderr

    skerry, code = tmp_path / "srv" / "skerry", tmp_path / "srv" / "code"
    assert "No module named 'skerry'" in python(code, "import harbour")
    assert "No module named 'grpc'" in python(code, "import grpc")
    assert "No module named 'harbour'" in python(skerry, "import harbour")
    (site_packages,) = skerry.glob("lib/python*/site-packages")
    (site_packages / "lent.pth").write_text(f"{lent}\n")
    workspace = tmp_path / "workspace.yaml"
    workspace.write_text(f"load_from: [python_package: {{package_name: harbour, executable_path: {code}/bin/python}}]")
    looking: list[str | Path] = [skerry / "bin" / "skerry", "inspect", "--json", "--workspace", workspace]
    answer = subprocess.run(looking, env=environment(), capture_output=True, text=True, timeout=60, check=False)
    (location,) = json.loads(answer.stdout)["locations"]
    assert location["state"] == "READY", location["error"]
    assert [repository["name"] for repository in location["repositories"]] == ["berths", "tides"]
