"""Tokens: who has none is refused, they are replaced without a refused call, and nothing shows them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc
import psutil
import pytest
from support.authority import replace
from support.clients import client, python_with
from support.commands import skerry
from support.remote import inspect
from support.servers import Server, serving
from support.waiting import wait_until

from skerry import ErrorKind, State, Workspace
from skerry.errors import LocationError

Load = Callable[[str], Workspace]
Write = Callable[[str, str], Path]

TOKEN = "correct-horse-battery"
OTHER = "tr0ub4dor&3=+/~!"


@pytest.fixture
def tokens(tmp_path: Path) -> Path:
    """Give the server's file of tokens, with one in it."""
    file = tmp_path / "server-tokens"
    replace(file, f"{TOKEN}\n".encode())
    return file


@pytest.fixture
def server(hello: Path, tokens: Path) -> Iterator[Server]:
    with serving(hello.parent, "--python-file", "hello.py", "--token-file", str(tokens)) as server:
        server.wait_for("READY")  # its processes are all there before a test looks what it leaves behind
        yield server
        assert TOKEN not in server.log + server.printed
        assert OTHER not in server.log + server.printed


# -- who is let in --------------------------------------------------------------------------------------------------


def test_with_a_token_file_no_call_without_one_of_its_tokens_is_answered(server: Server) -> None:
    methods = ("Handshake", "Watch", "Snapshot", "Output", "Reload", "ShutDown")
    with client(python_with("grpcio")) as caller:
        target = f"localhost:{server.port}"
        for token in (None, "wrong", TOKEN[:-1], f"{TOKEN}x", TOKEN.upper(), ""):
            for method in methods:
                answer = caller.call(target, f"/skerry.v1.CodeServer/{method}", token=token)
                assert answer.code == "UNAUTHENTICATED", (token, method)
                assert answer.reply == b""
                assert TOKEN not in answer.details
        assert caller.call(target, token=TOKEN).code == "OK"
        assert "reloading" not in server.log


def test_a_token_is_sent_as_the_standard_has_it(server: Server) -> None:
    with client() as caller:
        target = f"localhost:{server.port}"
        for value, code in (
            (f"Bearer {TOKEN}", "OK"),
            (f"bearer {TOKEN}", "OK"),
            (TOKEN, "UNAUTHENTICATED"),
            (f"Basic {TOKEN}", "UNAUTHENTICATED"),
        ):
            assert caller.call(target, metadata={"authorization": value}).code == code, value


def test_the_refusal_says_what_to_set(server: Server, tmp_path: Path) -> None:
    missing = inspect(tmp_path, f"port: {server.port}")
    assert (missing.state, missing.kind) == ("UNREACHABLE", "ACCESS_DENIED")
    assert "it wants a token, and none was sent." in missing.error
    wrong = inspect(tmp_path, f"port: {server.port}, token: {OTHER}")
    assert (wrong.state, wrong.kind) == ("UNREACHABLE", "ACCESS_DENIED")
    assert "it does not know the token that was sent." in wrong.error
    for shown in (missing, wrong):
        assert "Set `token` or `token_file`" in shown.error
        assert "grpc" not in shown.error.lower()
        assert OTHER not in shown.text
        assert TOKEN not in shown.text


@pytest.mark.parametrize("option", ["token: {token}", "token: '${{TEAM_TOKEN}}'", "token_file: {file}"])
def test_the_files_token_is_sent(option: str, server: Server, tmp_path: Path) -> None:
    file = tmp_path / "mine"
    file.write_text(f"\n  {TOKEN}  \n")
    written = option.format(token=TOKEN, file=file)
    shown = inspect(tmp_path, f"port: {server.port}, {written}", TEAM_TOKEN=TOKEN)
    assert shown.state == "READY"
    assert TOKEN not in shown.text


def test_a_token_file_is_relative_to_the_workspace_file(server: Server, tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "token").write_text(TOKEN)
    assert inspect(tmp_path, f"port: {server.port}, token_file: secrets/token").state == "READY"


# -- replaced while it runs --------------------------------------------------------------------------------------------


def test_tokens_are_replaced_without_a_refused_call(server: Server, tokens: Path) -> None:
    with client() as first, client() as second:
        target = f"localhost:{server.port}"

        def codes(token: str) -> set[str]:
            return {one.call(target, token=token, kept=kept).code for one in (first, second) for kept in (True, False)}

        assert codes(TOKEN) == {"OK"}
        replace(tokens, f"{TOKEN}\n{OTHER}\n".encode())
        assert codes(TOKEN) == codes(OTHER) == {"OK"}
        replace(tokens, f"{OTHER}\n".encode())
        assert codes(OTHER) == {"OK"}
        assert codes(TOKEN) == {"UNAUTHENTICATED"}, "also on a connection that was made with it"
        server.wait_for(f"the token file has changed and is in use: {tokens}")


def test_a_location_takes_up_a_new_token_from_its_file_on_the_connection_that_it_has(
    load: Load, server: Server, tokens: Path, tmp_path: Path
) -> None:
    mine = tmp_path / "mine"
    replace(mine, TOKEN.encode())
    (remote,) = load(f"load_from: [grpc_server: {{port: {server.port}, token_file: {mine}}}]").locations
    assert remote.wait(30)
    replace(tokens, f"{TOKEN}\n{OTHER}\n".encode())
    replace(mine, OTHER.encode())
    replace(tokens, OTHER.encode())
    assert remote.reload().new_generation == 2
    assert remote.output() is not None
    wait_until(lambda: remote.server is not None and remote.server.generation == 2, what="generation 2")
    assert remote.state is State.READY
    assert remote.error is None


def test_what_is_open_stays_open_without_the_token_and_each_call_is_asked_for_it(
    load: Load, server: Server, tokens: Path
) -> None:
    (remote,) = load(f"load_from: [grpc_server: {{port: {server.port}, token: {TOKEN}}}]").locations
    assert remote.wait(30)
    replace(tokens, OTHER.encode())
    with pytest.raises(LocationError) as refused:
        remote.reload()
    assert refused.value.kind is ErrorKind.ACCESS_DENIED
    assert "does not know the token" in str(refused.value)
    assert "reloading" not in server.log
    assert remote.state is State.READY


def test_a_location_that_was_refused_comes_by_itself_once_its_file_holds_the_token(
    server: Server, load: Load, tmp_path: Path
) -> None:
    mine = tmp_path / "mine"
    (remote,) = load(f"load_from: [grpc_server: {{port: {server.port}, token_file: {mine}}}]").locations

    def says(words: str) -> bool:
        return remote.error is not None and words in remote.error.message

    wait_until(lambda: says(f"The token file {mine} cannot be read"), what="no file")
    replace(mine, OTHER.encode())
    wait_until(lambda: says("does not know the token"), what="the wrong token")
    replace(mine, TOKEN.encode())
    wait_until(lambda: remote.state is State.READY, 30, "READY")


@pytest.mark.parametrize("content", [b"", b"\n \n", "schl\u00fcssel\n".encode(), b"two words\n", None])
def test_a_token_file_that_becomes_unusable_leaves_the_tokens_and_is_logged(
    content: bytes | None, server: Server, tokens: Path
) -> None:
    with client() as caller:
        target = f"localhost:{server.port}"
        if content is None:
            tokens.unlink()
        else:
            replace(tokens, content)
        assert caller.call(target, token=TOKEN).code == "OK"
        assert caller.call(target).code == "UNAUTHENTICATED"
        complaint = "the token file has changed and cannot be used; the tokens before stay"
        server.wait_for(complaint)
        assert server.log.count(complaint) == 1
        assert "two words" not in server.log
        replace(tokens, OTHER.encode())
        assert [caller.call(target, token=token).code for token in (TOKEN, OTHER)] == ["UNAUTHENTICATED", "OK"]


# -- what is no token ------------------------------------------------------------------------------------------

UNUSABLE = {
    "a space": ("two words", "a space, a line break or a character that is not ASCII"),
    "not ASCII": ("schl\u00fcssel", "a space, a line break or a character that is not ASCII"),
    "a control character": ("bell\x07bell", "a space, a line break or a character that is not ASCII"),
    "too long": ("x" * 5000, "a token of 5000 characters"),
}


@pytest.mark.parametrize("case", UNUSABLE)
def test_a_token_that_cannot_be_sent_is_a_clear_error(case: str, server: Server, tokens: Path, tmp_path: Path) -> None:
    token, words = UNUSABLE[case]
    mine = tmp_path / "mine"
    mine.write_text(f"{token}\n")
    for option, where in (("token: '${TEAM_TOKEN}'", "`token`"), (f"token_file: {mine}", f"The token file {mine}")):
        shown = inspect(tmp_path, f"port: {server.port}, {option}", TEAM_TOKEN=token)
        assert shown.state == "UNREACHABLE"
        assert f"{where} holds {words}" in shown.error.replace("a token with ", "")
        assert "openssl rand" in shown.error
        assert token not in shown.text
    start = ("api", "grpc", "--python-file", "hello.py", "--port", "0", "--token-file")
    answer = skerry(tmp_path, *start, str(mine))
    assert answer.returncode == 1
    assert f"The token file {mine} holds" in answer.stderr
    assert token not in answer.stderr
    mine.write_text(f"{TOKEN}\n{token}\n")
    answer = skerry(tmp_path, *start, str(mine))
    assert answer.returncode == 1
    assert f"The token file {mine}, token 2, holds" in answer.stderr


def test_a_token_over_several_lines_is_a_clear_error(server: Server, tmp_path: Path) -> None:
    shown = inspect(tmp_path, f"port: {server.port}, token: '${{TEAM_TOKEN}}'", TEAM_TOKEN=f"{TOKEN}\n{OTHER}")
    assert "a line break" in shown.error
    assert TOKEN not in shown.text


@pytest.mark.parametrize(("content", "words"), [(None, "cannot be read: No such file"), ("\n", "is empty")])
def test_a_server_without_a_usable_token_file_does_not_start(
    content: str | None, words: str, hello: Path, tmp_path: Path
) -> None:
    file = tmp_path / "none"
    if content is not None:
        file.write_text(content)
    answer = skerry(tmp_path, "api", "grpc", "-f", "hello.py", "--port", "0", "--token-file", str(file))
    assert answer.returncode == 1
    assert f"The token file {file} {words}" in answer.stderr
    assert "serving" not in answer.stderr
    assert "Traceback" not in answer.stderr


def test_both_a_token_and_a_token_file_are_refused_where_they_stand(load: Load) -> None:
    (location,) = load("load_from:\n  - grpc_server: {port: 4266, token: secret, token_file: t}\n").locations
    assert location.state is State.FAILED
    assert location.error is not None
    assert "`token`" in location.error.message
    assert "`token_file`" in location.error.message


# -- nothing shows it ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("option", ["token: ${TEAM_TOKEN}", f"token: {TOKEN}", "token_file: mine"])
def test_nothing_that_is_shown_or_stored_has_the_token(
    option: str, load: Load, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEAM_TOKEN", TOKEN)
    (tmp_path / "mine").write_text(TOKEN)
    told: list[Any] = []
    workspace = load(f"load_from:\n  - grpc_server:\n      port: {server.port}\n      {option}\n")
    workspace.subscribe(lambda name, old, new: told.append(new))
    (remote,) = workspace.locations
    assert remote.wait(30)
    assert remote.state is State.READY
    assert remote.reload().error is None
    origin = remote.origin
    assert origin is not None
    shown = [repr(one) for one in (workspace, remote, origin, workspace.snapshot, remote.snapshot, *told)]
    shown += [json.dumps(one.to_json()) for one in (origin, workspace.snapshot, *told)]
    assert not [one for one in shown if TOKEN in one]
    stored = json.dumps(origin.to_json())
    expected = {"token: ${TEAM_TOKEN}": "${TEAM_TOKEN}", f"token: {TOKEN}": "${*1}"}
    assert expected.get(option, "mine") in stored
    for words in (["inspect"], ["inspect", "--json"], ["inspect", remote.name, "-v"], ["check"], ["check", "--json"]):
        answer = skerry(tmp_path, *words)
        assert answer.returncode == 0, answer.stderr
        assert TOKEN not in answer.stdout + answer.stderr


@pytest.mark.parametrize("option", ["token: ${TEAM_TOKEN}", "token_file: mine"])
def test_no_command_line_has_the_token(
    option: str, load: Load, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEAM_TOKEN", TOKEN)
    (tmp_path / "mine").write_text(TOKEN)
    workspace = load(
        f"load_from:\n  - grpc_server:\n      port: {server.port}\n      {option}\n  - python_file: hello.py\n"
    )
    assert workspace.wait(60)
    assert [location.state for location in workspace.locations] == [State.READY, State.READY]
    started = psutil.Process().children(recursive=True)
    assert server.pid in [process.pid for process in started]
    assert len(started) > 2, "the server, its user process, and that of the local location"
    lines = [" ".join(process.cmdline()) for process in started]
    assert not [line for line in lines if TOKEN in line]


class _Tells(grpc.GenericRpcHandler):
    """A server of somebody else's that refuses every call with all that it was sent."""

    def service(self, handler_call_details: Any) -> Any:
        sent = dict(handler_call_details.invocation_metadata)["authorization"]

        def refuse(request: bytes, context: Any) -> None:
            context.abort(grpc.StatusCode.UNAUTHENTICATED, f"it has no use for {sent}\nsend another than {sent}")

        return grpc.unary_unary_rpc_method_handler(refuse)


@pytest.mark.parametrize("option", ["token: '${TEAM_TOKEN}'", "token_file: mine"])
def test_a_server_that_says_what_it_was_sent_does_not_get_it_shown(option: str, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text(TOKEN)
    stranger = grpc.server(futures.ThreadPoolExecutor(1), handlers=[_Tells()])
    port = stranger.add_insecure_port("localhost:0")
    stranger.start()
    try:
        shown = inspect(tmp_path, f"port: {port}, {option}", TEAM_TOKEN=TOKEN)
    finally:
        stranger.stop(None).wait(20)
    assert shown.kind == "ACCESS_DENIED"
    assert "it has no use for Bearer ***" in shown.error
    assert TOKEN not in shown.text
