"""``skerry api grpc-health-check``: its answers are exit codes, for probes."""

from __future__ import annotations

from pathlib import Path

from support.commands import skerry
from support.servers import serving, short_folder


def probe(folder: Path, *options: str, **variables: str) -> tuple[int, str]:
    answer = skerry(folder, "api", "grpc-health-check", *options, **variables)
    return answer.returncode, answer.stdout.strip() or answer.stderr.strip().splitlines()[-1]


def test_a_server_serves_and_its_code_does_once_it_is_loaded(hello: Path) -> None:
    folder = hello.parent
    with serving(folder, "--python-file", "hello.py") as server:
        server.wait_for("is READY")
        port = str(server.port)
        assert probe(folder, "--port", port) == (0, "SERVING")
        assert probe(folder, "--port", port, "--service", "code") == (0, "SERVING")
    hello.write_text("1 / 0")
    with serving(folder, "--python-file", "hello.py") as server:
        server.wait_for("FAILED")
        port = str(server.port)
        assert probe(folder, "--port", port) == (0, "SERVING")
        assert probe(folder, "--port", port, "--service", "code") == (1, "NOT_SERVING")


def test_the_servers_own_variables_are_enough(hello: Path) -> None:
    with short_folder() as folder:
        socket = str(folder / "code.sock")
        with serving(hello.parent, "--python-file", "hello.py", "--socket", socket):
            assert probe(hello.parent, SKERRY_API_GRPC_SOCKET=socket) == (0, "SERVING")
    with serving(hello.parent, "--python-file", "hello.py", "--host", "0.0.0.0") as server:
        where = {"SKERRY_API_GRPC_HOST": "0.0.0.0", "SKERRY_API_GRPC_PORT": str(server.port)}
        assert probe(hello.parent, **where) == (0, "SERVING")


def test_nobody_is_a_failure_in_words(tmp_path: Path) -> None:
    code, words = probe(tmp_path, "--socket", str(tmp_path / "nobody.sock"))
    assert (code, words) == (1, "Start it with `skerry api grpc`, or correct the address.")


def test_a_service_that_the_server_does_not_have_is_a_failure(hello: Path) -> None:
    with serving(hello.parent, "--python-file", "hello.py") as server:
        assert probe(hello.parent, "--port", str(server.port), "--service", "kode")[0] == 1
