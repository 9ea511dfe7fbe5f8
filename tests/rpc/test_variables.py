"""Every option of ``skerry api grpc`` is also taken from its variable."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import click
import pytest
from support.authority import Authority
from support.clients import client
from support.commands import environment, skerry
from support.servers import Server, short_folder

from skerry.console.api import PREFIX, api

Write = Callable[[str, str], Path]

PARAMETERS = [one for one in api.commands["grpc"].params if isinstance(one, click.Option)]


def variable(option: click.Option) -> str:
    """Give the variable's name by the rule, and not by the code's word for it."""
    long = next(name for name in option.opts if name.startswith("--"))
    return "SKERRY_API_GRPC_" + long[2:].replace("-", "_").upper()


@pytest.mark.parametrize("option", PARAMETERS, ids=lambda option: str(option.name))
def test_an_option_has_its_variable_and_the_help_says_so(option: click.Option) -> None:
    assert option.envvar == variable(option)
    assert PREFIX == "SKERRY_API_GRPC_"
    answer = skerry(Path.cwd(), "api", "grpc", "--help")
    assert re.search(rf"\[env var: {variable(option)}[;\]]", re.sub(r"\s+", " ", answer.stdout))


@pytest.fixture
def values(hello: Path, tmp_path: Path) -> dict[str, str]:
    """Give a value for each option: all that can be given together."""
    authority = Authority(tmp_path / "certificates", "ours")
    pair = authority.issue("server")
    (tmp_path / "tokens").write_text("correct-horse\n")
    return {
        "python_file": str(hello),
        "attribute": "hello_repository",
        "working_directory": str(tmp_path),
        "executable_path": sys.executable,
        "startup_timeout": "60",
        "host": "127.0.0.1",
        "port": "0",
        "tls_cert": str(pair.cert),
        "tls_key": str(pair.key),
        "client_ca": str(authority.ca),
        "token_file": str(tmp_path / "tokens"),
        "insecure": "true",
        "watch": "true",
        "exit_without_clients": "600",
        "log_format": "json",
    }


#: Those that stand in the place of another.
INSTEAD = {"module_name": "python_file", "package_name": "python_file", "socket": "port"}


def started(folder: Path, variables: Mapping[str, str]) -> Server:
    """Start ``skerry api grpc`` with variables alone."""
    process = subprocess.Popen(
        [sys.executable, "-m", "skerry", "api", "grpc"],
        cwd=folder,
        env=environment(PYTHONUNBUFFERED="1", **variables),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    return Server(process)


def test_all_variables_together_make_a_server(values: dict[str, str], tmp_path: Path) -> None:
    assert {str(option.name) for option in PARAMETERS} == values.keys() | INSTEAD.keys(), "an option that is not tried"
    given = {variable(option): values[str(option.name)] for option in PARAMETERS if option.name in values}
    server = started(tmp_path, given)
    try:
        server.wait_for("serving ")
        server.wait_for("READY")
        assert server.log.startswith('{"time": ')
        assert "with mutual TLS" in server.log
        assert "at 127.0.0.1:" in server.log
        authority = Authority(tmp_path / "certificates", "strangers")
        stranger = authority.issue("stranger")
        with client() as caller:
            answer = caller.call(f"127.0.0.1:{server.port}", ca=Path(values["client_ca"]), pair=stranger)
            assert answer.code == "UNAVAILABLE"
    finally:
        server.end()


def test_a_socket_and_a_module_are_taken_from_variables_too(write: Write, hello: Path) -> None:
    with short_folder() as folder:
        where = {"SKERRY_API_GRPC_SOCKET": str(folder / "sock"), "SKERRY_API_GRPC_WORKING_DIRECTORY": str(hello.parent)}
        server = started(folder, {**where, "SKERRY_API_GRPC_MODULE_NAME": "hello"})
        try:
            server.wait_for("serving hello at ")
            server.wait_for("READY")
            assert (folder / "sock").is_socket()
        finally:
            server.end()


#: For options that keep a server from coming up, something that they cannot be; {folder} is the test's.
IMPOSSIBLE = {
    "startup_timeout": "-1",
    "host": "no such host",
    "port": "70000",
    "socket": "{folder}",
    "tls_cert": "{folder}/nowhere",
    "tls_key": "{folder}/nowhere",
    "client_ca": "{folder}/nowhere",
    "token_file": "{folder}/nowhere",
    "exit_without_clients": "-1",
    "log_format": "xml",
}


@pytest.mark.parametrize("name", IMPOSSIBLE)
def test_a_variable_is_read_by_its_own_option(name: str, values: dict[str, str], tmp_path: Path) -> None:
    (option,) = [one for one in PARAMETERS if one.name == name]
    given = {
        variable(one): values[str(one.name)]
        for one in PARAMETERS
        if one.name in values and one.name != INSTEAD.get(name)
    }
    value = IMPOSSIBLE[name].format(folder=tmp_path)
    answer = skerry(tmp_path, "api", "grpc", **{**given, variable(option): value})
    assert answer.returncode in (1, 2), answer.stderr
    assert value in answer.stderr
    assert "Traceback" not in answer.stderr


def test_insecure_is_taken_from_its_variable(hello: Path) -> None:
    where = {"SKERRY_API_GRPC_PYTHON_FILE": str(hello), "SKERRY_API_GRPC_PORT": "0"}
    for value, opened in (("1", True), ("true", True), ("0", False), ("false", False), ("", False)):
        server = started(hello.parent, {**where, "SKERRY_API_GRPC_INSECURE": value})
        try:
            server.wait_for("serving ")
            assert ("--insecure: everybody who reaches" in server.log) is opened, value
        finally:
            server.end()


def test_the_command_line_goes_before_a_variable(hello: Path, tmp_path: Path) -> None:
    answer = skerry(
        tmp_path,
        *("api", "grpc", "--python-file", "hello.py", "--port", "0", "--token-file", str(tmp_path / "given")),
        SKERRY_API_GRPC_TOKEN_FILE=str(tmp_path / "variable"),
    )
    assert answer.returncode == 1
    assert str(tmp_path / "given") in answer.stderr
    assert "variable" not in answer.stderr
