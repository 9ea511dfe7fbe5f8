"""TLS: each option of the server and of the file, each wrong combination, and certificates that are renewed."""

from __future__ import annotations

import contextlib
import re
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support.authority import Authority, Pair, replace
from support.clients import client, python_with
from support.commands import skerry
from support.remote import Shown, inspect
from support.servers import Server, serving, short_folder
from support.terminal import at_a_terminal
from support.waiting import wait_until

from skerry import State, Workspace

Load = Callable[[str], Workspace]

#: What a client of HTTP/2 says first.
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00"
TLS_HANDSHAKE = 0x16
PASSWORD = "tr0ub4dor-and-3"


@dataclass(frozen=True)
class Certificates:
    ours: Authority
    other: Authority
    server: Pair
    client: Pair

    def only_ours(self) -> str:
        return f"ssl: {{ca: {self.ours.ca}}}"

    def mutual(self, pair: Pair) -> str:
        return f"ssl: {{ca: {self.ours.ca}, {pair.client}}}"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    folder = tmp_path_factory.mktemp("certificates")
    ours, other = Authority(folder / "ours", "ours"), Authority(folder / "other", "other")
    return Certificates(ours, other, ours.issue("server"), ours.issue("client", "client.example.com"))


@pytest.fixture
def plain(hello: Path) -> Iterator[Server]:
    with serving(hello.parent, "--python-file", "hello.py") as server:
        server.wait_for("READY")  # its processes are all there before a test looks what it leaves behind
        yield server


@pytest.fixture
def secure(hello: Path, certificates: Certificates) -> Iterator[Server]:
    with serving(hello.parent, "--python-file", "hello.py", *certificates.server.server) as server:
        server.wait_for("READY")  # its processes are all there before a test looks what it leaves behind
        yield server


@pytest.fixture
def mutual(hello: Path, certificates: Certificates) -> Iterator[Server]:
    options = (*certificates.server.server, "--client-ca", str(certificates.ours.ca))
    with serving(hello.parent, "--python-file", "hello.py", *options) as server:
        server.wait_for("READY")  # its processes are all there before a test looks what it leaves behind
        yield server


def assert_in_words(shown: Shown, *words: str, kind: str = "TLS_FAILED") -> None:
    """See that there is no connection, and that the error says why and what to do, in words of the user's world."""
    assert (shown.state, shown.kind) == ("UNREACHABLE", kind), shown.error
    assert all(one in shown.error for one in words), shown.error
    assert "\n" in shown.error, "what to do"
    developers = ("grpc", "StatusCode", "_ssl.c", "handshaker", "errno")
    said = shown.error.replace("skerry api grpc", "")
    assert not [word for word in developers if word.lower() in said.lower()], shown.error


# -- the options ------------------------------------------------------------------------------------------------


def test_with_a_certificate_and_its_key_a_server_speaks_tls_and_nothing_else(
    secure: Server, certificates: Certificates, tmp_path: Path
) -> None:
    assert re.search(r"serving .* at localhost:\d+, with TLS$", secure.log, re.MULTILINE)
    shown = inspect(tmp_path, f"port: {secure.port}, {certificates.only_ours()}")
    assert shown.state == "READY"
    assert "hello_pipeline" in shown.text
    with socket.create_connection(("localhost", secure.port), 20) as connection:
        connection.settimeout(20)
        connection.sendall(PREFACE)
        said = b""
        with contextlib.suppress(ConnectionError):
            while part := connection.recv(1024):
                said += part
        # At most an alert: a record of type 21. Nothing of HTTP/2.
        assert said[:1] in (b"", b"\x15"), said


def test_a_certificate_may_bring_those_that_lead_to_its_authority(
    hello: Path, certificates: Certificates, tmp_path: Path
) -> None:
    pair = certificates.ours.issue("below", intermediate=True)
    assert pair.cert.read_text().count("BEGIN CERTIFICATE") == 2
    with serving(hello.parent, "--python-file", "hello.py", *pair.server) as server:
        assert inspect(tmp_path, f"port: {server.port}, {certificates.only_ours()}").state == "READY"


def test_client_ca_lets_in_who_shows_a_certificate_that_it_signed(
    mutual: Server, certificates: Certificates, tmp_path: Path
) -> None:
    assert "with mutual TLS" in mutual.log
    where = f"port: {mutual.port}"
    assert inspect(tmp_path, f"{where}, {certificates.mutual(certificates.client)}").state == "READY"
    assert inspect(tmp_path, f"{where}, {certificates.only_ours()}").state == "UNREACHABLE"


def test_ssl_true_trusts_the_systems_authorities(secure: Server, certificates: Certificates, tmp_path: Path) -> None:
    where = f"port: {secure.port}, ssl: true"
    assert inspect(tmp_path, where, SSL_CERT_FILE=str(certificates.ours.ca)).state == "READY"
    assert_in_words(inspect(tmp_path, where, SSL_CERT_FILE=str(certificates.other.ca)), "not accepted", "Set `ca`")


def test_ssl_true_trusts_the_systems_folder_of_authorities(
    secure: Server, certificates: Certificates, tmp_path: Path
) -> None:
    folders = []
    for name, authority in (("first", certificates.other), ("second", certificates.ours)):
        folder = tmp_path / name
        folder.mkdir()
        command = ["openssl", "x509", "-noout", "-subject_hash", "-in", str(authority.ca)]
        answer = subprocess.run(command, capture_output=True, text=True, check=True, timeout=20)
        shutil.copy(authority.ca, folder / f"{answer.stdout.strip()}.0")
        (folder / "broken.0").write_text("no certificate")
        folders.append(str(folder))
    where = f"port: {secure.port}, ssl: true"
    for path in (folders[1], ":".join(folders)):
        assert inspect(tmp_path, where, SSL_CERT_DIR=path).state == "READY"
        assert inspect(tmp_path, where, SSL_CERT_DIR=path, SSL_CERT_FILE="/nowhere").state == "READY"
    assert inspect(tmp_path, where, SSL_CERT_DIR=folders[0]).state == "UNREACHABLE"


def test_a_system_without_authorities_is_told_of(secure: Server, tmp_path: Path) -> None:
    shown = inspect(
        tmp_path, f"port: {secure.port}, ssl: true", SSL_CERT_FILE="/dev/null", SSL_CERT_DIR=str(tmp_path / "none")
    )
    assert_in_words(shown, "no certificates of authorities", "SSL_CERT_FILE", kind="NOT_OPENED")


def test_ca_is_trusted_in_place_of_the_systems(secure: Server, certificates: Certificates, tmp_path: Path) -> None:
    shown = inspect(
        tmp_path,
        f"port: {secure.port}, ssl: {{ca: {certificates.other.ca}}}",
        SSL_CERT_FILE=str(certificates.ours.ca),
    )
    assert_in_words(shown, "not accepted", "Correct `ca`")


def test_ca_may_be_the_servers_own_certificate(hello: Path, tmp_path: Path) -> None:
    """Also one that says of itself that it signs no other: it must be what is trusted, and not some list."""
    command = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost -days 2"
    extensions = ["-addext", "subjectAltName=DNS:localhost", "-addext", "basicConstraints=critical,CA:FALSE"]
    files = ["-keyout", str(tmp_path / "key.pem"), "-out", str(tmp_path / "cert.pem")]
    subprocess.run(
        ["openssl", *command.split(), *extensions, *files], check=True, timeout=20, stderr=subprocess.DEVNULL
    )
    pair = Pair(tmp_path / "cert.pem", tmp_path / "key.pem")
    with serving(hello.parent, "--python-file", "hello.py", *pair.server) as server:
        where = f"port: {server.port}"
        assert inspect(tmp_path, f"{where}, ssl: {{ca: {pair.cert}}}").state == "READY"
        assert inspect(tmp_path, f"{where}, ssl: true", SSL_CERT_FILE=str(pair.cert)).state == "READY"


def test_server_name_is_what_the_certificate_is_for(hello: Path, certificates: Certificates, tmp_path: Path) -> None:
    pair = certificates.ours.issue("sales", "sales.internal")
    with serving(hello.parent, "--python-file", "hello.py", *pair.server) as server:
        where = f"port: {server.port}, ssl: {{ca: {certificates.ours.ca}"
        assert inspect(tmp_path, f"{where}, server_name: sales.internal}}").state == "READY"
        assert_in_words(inspect(tmp_path, f"{where}}}"), "localhost", "`server_name`")
        shown = inspect(tmp_path, f"{where}, server_name: orders.internal}}")
        assert_in_words(shown, "orders.internal", "`server_name`")


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_an_address_in_the_certificate_will_do(host: str, hello: Path, certificates: Certificates) -> None:
    options = ("--host", host, *certificates.server.server)
    with serving(hello.parent, "--python-file", "hello.py", *options) as server:
        where = f'host: "{host}", port: {server.port}'
        assert inspect(hello.parent, f"{where}, {certificates.only_ours()}").state == "READY"


def test_tls_works_over_a_socket_where_the_servers_name_is_localhost(hello: Path, certificates: Certificates) -> None:
    named = certificates.ours.issue("named", "sales.internal")
    with short_folder() as folder:
        where = f"socket: {folder}/sock"
        options = ("--python-file", "hello.py", "--socket", str(folder / "sock"))
        mutual = (*certificates.server.server, "--client-ca", str(certificates.ours.ca))
        with serving(hello.parent, *options, *mutual):
            assert inspect(folder, f"{where}, {certificates.mutual(certificates.client)}").state == "READY"
            assert_in_words(inspect(folder, f"{where}, {certificates.only_ours()}"), "client certificate")
            assert_in_words(inspect(folder, where), "wants TLS")
            assert_in_words(inspect(folder, f"{where}, ssl: {{ca: {certificates.other.ca}}}"), "not accepted")
        with serving(hello.parent, *options, *named.server):
            authority = f"ca: {certificates.ours.ca}"
            assert inspect(folder, f"{where}, ssl: {{{authority}, server_name: sales.internal}}").state == "READY"
            assert_in_words(inspect(folder, f"{where}, ssl: {{{authority}}}"), "`server_name`")


# -- never plain by mistake ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("server_name", ["", ", server_name: sales.internal"])
def test_a_client_that_is_to_use_tls_says_nothing_in_plain(
    server_name: str, certificates: Certificates, tmp_path: Path
) -> None:
    heard: list[bytes] = []
    with socket.create_server(("localhost", 0)) as listener:
        listener.settimeout(20)

        def listen() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with connection:
                        connection.settimeout(20)
                        heard.append(connection.recv(4096))

        thread = threading.Thread(target=listen)
        thread.start()
        where = f"port: {listener.getsockname()[1]}, ssl: {{ca: {certificates.ours.ca}{server_name}}}, token: battery"
        assert inspect(tmp_path, where).state == "UNREACHABLE"
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(20)
    assert heard
    assert {said[0] for said in heard if said} == {TLS_HANDSHAKE}
    assert not [said for said in heard if b"battery" in said or b"PRI" in said]


def test_each_side_is_told_when_the_other_does_not_use_tls(
    plain: Server, secure: Server, mutual: Server, certificates: Certificates, tmp_path: Path
) -> None:
    for server in (secure, mutual):
        assert_in_words(inspect(tmp_path, f"port: {server.port}"), "the server wants TLS", "`ssl: true`")
    for ssl_option in (certificates.only_ours(), certificates.mutual(certificates.client)):
        shown = inspect(tmp_path, f"port: {plain.port}, {ssl_option}")
        assert_in_words(shown, "the server does not speak TLS", "Remove `ssl`", "--tls-cert")
    assert inspect(tmp_path, f"port: {plain.port}, ssl: false").state == "READY"


def test_another_service_over_tls_is_the_wrong_server(certificates: Certificates, tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.server.cert, certificates.server.key)
    context.set_alpn_protocols(["http/1.1"])
    with socket.create_server(("localhost", 0)) as listener:

        def answer() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    connection.settimeout(20)
                    with contextlib.suppress(OSError), context.wrap_socket(connection, server_side=True) as secured:
                        secured.recv(1024)
                        secured.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        shown = inspect(tmp_path, f"port: {listener.getsockname()[1]}, {certificates.only_ours()}")
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(20)
    assert_in_words(shown, "not a Skerry code server: it speaks HTTP/1.1", kind="WRONG_SERVER")


# -- what does not fit --------------------------------------------------------------------------------------------


def test_a_server_certificate_that_has_expired(hello: Path, certificates: Certificates, tmp_path: Path) -> None:
    pair = certificates.ours.issue("old", expired=True)
    with serving(hello.parent, "--python-file", "hello.py", *pair.server) as server:
        shown = inspect(tmp_path, f"port: {server.port}, {certificates.only_ours()}")
        assert_in_words(shown, "certificate has expired", "Renew the certificate there")


def test_a_client_certificate_that_is_missing_of_another_authority_or_expired(
    mutual: Server, certificates: Certificates, tmp_path: Path
) -> None:
    where = f"port: {mutual.port}"
    missing = inspect(tmp_path, f"{where}, {certificates.only_ours()}")
    assert_in_words(missing, "wants a client certificate", "`cert` and `key`", "--client-ca")
    stranger = certificates.other.issue("stranger", "client.example.com")
    refused = inspect(tmp_path, f"{where}, {certificates.mutual(stranger)}")
    assert_in_words(refused, "refuses the client certificate", "--client-ca")
    assert "expired" not in refused.error
    old = certificates.ours.issue("old-client", "client.example.com", expired=True)
    expired = inspect(tmp_path, f"{where}, {certificates.mutual(old)}")
    assert_in_words(expired, "refuses the client certificate", "has expired", f"Renew {old.cert}")


UNUSABLE = {
    "no such ca": ("ca: {folder}/none.pem", ["The file of authorities {folder}/none.pem cannot be read"]),
    "ca is no PEM": ("ca: {folder}/hello.py", ["{folder}/hello.py holds no certificate in PEM"]),
    "ca is empty": ("ca: {folder}/empty.pem", ["{folder}/empty.pem holds no certificate in PEM"]),
    "no such certificate": ("cert: {folder}/none.pem, key: {key}", ["certificate {folder}/none.pem cannot be read"]),
    "no such key": ("cert: {cert}, key: {folder}/none.pem", ["The key {folder}/none.pem cannot be read"]),
    "a folder": ("cert: {cert}, key: {folder}", ["The key {folder} cannot be read: Is a directory"]),
    "another's key": ("cert: {cert}, key: {other}", ["do not belong together", "{cert}", "{other}"]),
    "no key": ("cert: {cert}, key: {cert}", ["do not belong together, or are no PEM"]),
    "a password": ("cert: {locked_cert}, key: {locked}", ["{locked} has a password", "openssl pkey"]),
}


def places(folder: Path, certificates: Certificates) -> dict[str, str]:
    locked = certificates.ours.issue("locked", password=PASSWORD)
    (folder / "empty.pem").touch()
    return {
        "folder": str(folder),
        "cert": str(certificates.client.cert),
        "key": str(certificates.client.key),
        "other": str(certificates.server.key),
        "locked": str(locked.key),
        "locked_cert": str(locked.cert),
    }


@pytest.mark.parametrize("case", UNUSABLE)
def test_a_file_of_the_client_that_cannot_be_used(
    case: str, mutual: Server, certificates: Certificates, hello: Path
) -> None:
    options, words = UNUSABLE[case]
    named = places(hello.parent, certificates)
    shown = inspect(hello.parent, f"port: {mutual.port}, ssl: {{{options.format(**named)}}}")
    assert_in_words(shown, *(one.format(**named) for one in words), kind="NOT_OPENED")


@pytest.mark.parametrize("case", UNUSABLE)
def test_a_file_of_the_server_that_cannot_be_used(case: str, certificates: Certificates, hello: Path) -> None:
    options, words = UNUSABLE[case]
    named = places(hello.parent, certificates)
    files = dict(pair.split(": ") for pair in options.format(**named).split(", "))
    arguments = {
        "--tls-cert": files.get("cert", named["cert"]),
        "--tls-key": files.get("key", named["key"]),
        **({"--client-ca": files["ca"]} if "ca" in files else {}),
    }
    written = [part for pair in arguments.items() for part in pair]
    answer = skerry(hello.parent, "api", "grpc", "--python-file", "hello.py", "--port", "0", *written)
    assert answer.returncode == 1
    assert all(one.format(**named) in answer.stderr for one in words), answer.stderr
    assert "Traceback" not in answer.stderr
    assert "serving" not in answer.stderr


@pytest.mark.parametrize("missing", ["--tls-cert", "--tls-key"])
def test_half_of_what_tls_needs_is_refused_and_does_not_serve_in_plain(
    missing: str, certificates: Certificates, hello: Path
) -> None:
    pair = certificates.server
    given = {"--tls-cert": str(pair.cert), "--tls-key": str(pair.key), "--client-ca": str(certificates.ours.ca)}
    start = ("api", "grpc", "--python-file", "hello.py", "--port", "0")
    for leave_out in ({missing}, {missing, "--client-ca"}, {"--tls-cert", "--tls-key"}):
        options = [part for name, value in given.items() if name not in leave_out for part in (name, value)]
        answer = skerry(hello.parent, *start, *options)
        assert answer.returncode == 2
        assert "--tls-cert" in answer.stderr
        assert "--tls-key" in answer.stderr


def test_nobody_is_asked_for_a_keys_password(mutual: Server, certificates: Certificates, hello: Path) -> None:
    locked = certificates.ours.issue("asks", password=PASSWORD)
    where = f"port: {mutual.port}, {certificates.mutual(locked)}"
    (hello.parent / "workspace.yaml").write_text(f"load_from: [grpc_server: {{{where}}}]\n")
    code, shown = at_a_terminal(hello.parent, "inspect")
    assert code == 0
    assert "has a password" in shown
    assert "phrase" not in shown.lower()
    start = ("api", "grpc", "--python-file", "hello.py", "--port", "0", *locked.server)
    code, shown = at_a_terminal(hello.parent, *start)
    assert code == 1
    assert "has a password" in shown
    assert "phrase" not in shown.lower()


# -- renewed while it runs ------------------------------------------------------------------------------------------


def presented(server: Server, authority: Authority) -> str:
    """Give the common name in the certificate that a new connection is shown."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(authority.ca)
    with (
        socket.create_connection(("localhost", server.port), 20) as connection,
        context.wrap_socket(connection, server_hostname="localhost") as secured,
    ):
        certificate: Any = secured.getpeercert()
        (name,) = [value for ((key, value),) in certificate["subject"] if key == "commonName"]
        return str(name)


def copied(pair: Pair, folder: Path) -> Pair:
    """Give a pair's files under names that stay when they are replaced."""
    copy = Pair(folder / "tls.crt", folder / "tls.key")
    replace(copy.cert, pair.cert.read_bytes())
    replace(copy.key, pair.key.read_bytes())
    return copy


def test_a_servers_new_certificate_is_shown_to_new_connections_and_cuts_no_old_one(
    hello: Path, certificates: Certificates, load: Load, tmp_path: Path
) -> None:
    used = copied(certificates.ours.issue("first"), tmp_path)
    with serving(hello.parent, "--python-file", "hello.py", *used.server) as server:
        remote = load(f"load_from: [grpc_server: {{port: {server.port}, {certificates.only_ours()}}}]").locations[0]
        assert remote.wait(30)
        assert presented(server, certificates.ours) == "first"
        for name in ("second", "third"):
            new = certificates.ours.issue(name)
            # As it happens to be: the one file is there before the other.
            replace(used.cert, new.cert.read_bytes())
            assert presented(server, certificates.ours) != name
            replace(used.key, new.key.read_bytes())
            assert presented(server, certificates.ours) == name
            server.wait_for(f"the certificate has changed and is in use: {used.cert}")
        assert remote.reload().error is None, "over the connection of the first certificate"
        assert remote.state is State.READY


def test_a_servers_new_certificate_that_cannot_be_used_leaves_the_old_and_is_logged(
    hello: Path, certificates: Certificates, tmp_path: Path
) -> None:
    used = copied(certificates.ours.issue("first"), tmp_path)
    with serving(hello.parent, "--python-file", "hello.py", *used.server) as server:
        for broken in (b"", b"-----BEGIN CERTIFICATE-----\nrubbish\n"):
            replace(used.cert, broken)
            assert presented(server, certificates.ours) == "first"
            assert presented(server, certificates.ours) == "first"
        used.key.unlink()
        assert presented(server, certificates.ours) == "first"
        complaint = "the certificate has changed and cannot be used; the one before stays"
        server.wait_for(complaint)
        server.wait_for(f"The key {used.key} cannot be read")
        assert server.log.count(complaint) == 3, "once for each change, however many connect"
        copied(certificates.ours.issue("second"), tmp_path)
        assert presented(server, certificates.ours) == "second"


def test_new_client_authorities_are_used_for_new_connections(
    hello: Path, certificates: Certificates, tmp_path: Path
) -> None:
    authorities = tmp_path / "client-ca.pem"
    replace(authorities, certificates.ours.ca.read_bytes())
    options = (*certificates.server.server, "--client-ca", str(authorities))
    stranger = certificates.other.issue("stranger", "client.example.com")
    with serving(hello.parent, "--python-file", "hello.py", *options) as server, client() as caller:
        target = f"localhost:{server.port}"

        def codes() -> list[str]:
            pairs = (certificates.client, stranger)
            return [caller.call(target, ca=certificates.ours.ca, pair=pair).code for pair in pairs]

        assert codes() == ["OK", "UNAVAILABLE"]
        replace(authorities, certificates.ours.ca.read_bytes() + certificates.other.ca.read_bytes())
        assert codes() == ["OK", "OK"]
        replace(authorities, certificates.other.ca.read_bytes())
        assert codes() == ["UNAVAILABLE", "OK"]


def test_a_client_reads_its_own_files_again_at_each_attempt(
    mutual: Server, certificates: Certificates, load: Load, tmp_path: Path
) -> None:
    used = copied(certificates.other.issue("stranger", "client.example.com"), tmp_path)
    authorities = tmp_path / "ca.pem"
    replace(authorities, certificates.other.ca.read_bytes())
    where = f"port: {mutual.port}, ssl: {{ca: {authorities}, {used.client}}}"
    (remote,) = load(f"load_from: [grpc_server: {{{where}}}]").locations

    def says(words: str) -> bool:
        return remote.error is not None and words in remote.error.message

    wait_until(lambda: says("the server's certificate is not accepted"), what="the wrong authority")
    replace(authorities, certificates.ours.ca.read_bytes())
    wait_until(lambda: says("refuses the client certificate"), what="the wrong certificate")
    replace(used.key, certificates.client.key.read_bytes())
    wait_until(lambda: says("do not belong together"), what="half of the new one")
    replace(used.cert, certificates.client.cert.read_bytes())
    wait_until(lambda: remote.state is State.READY, 30, "READY, by itself")


# -- seen by others ---------------------------------------------------------------------------------------------------


def s_client(server: Server, certificates: Certificates, *options: str) -> str:
    """Give what OpenSSL's own client says of a server."""
    command = "openssl s_client -servername localhost -verify_hostname localhost -showcerts -connect"
    answer = subprocess.run(
        [*command.split(), f"localhost:{server.port}", "-CAfile", str(certificates.ours.ca), *options],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        errors="backslashreplace",
        timeout=30,
        check=False,
    )
    return answer.stdout + answer.stderr


def test_openssl_sees_a_modern_protocol_http2_and_the_whole_chain(hello: Path, certificates: Certificates) -> None:
    pair = certificates.ours.issue("chained", intermediate=True)
    with serving(hello.parent, "--python-file", "hello.py", *pair.server) as server:
        said = s_client(server, certificates, "-alpn", "h2")
        assert "New, TLSv1.3" in said
        assert "ALPN protocol: h2" in said
        assert "Verify return code: 0 (ok)" in said
        assert said.count("BEGIN CERTIFICATE") == 2, "the server's, and that of the authority between"
        assert "Requested Signature Algorithms" not in said, "no client certificate is asked for"
        assert "New, TLSv1.2" in s_client(server, certificates, "-tls1_2")
        for old in ("-tls1", "-tls1_1"):
            assert "Cipher is (NONE)" in s_client(server, certificates, old, "-cipher", "ALL:@SECLEVEL=0")


def test_openssl_is_asked_for_a_client_certificate(mutual: Server, certificates: Certificates) -> None:
    assert "Requested Signature Algorithms" in s_client(mutual, certificates)
    own = ("-cert", str(certificates.client.cert), "-key", str(certificates.client.key))
    # With 1.2 the certificate is a part of the handshake, which ends with a ticket for the next one.
    ticket = "TLS session ticket:"
    assert ticket in s_client(mutual, certificates, "-tls1_2", *own)
    assert ticket not in s_client(mutual, certificates, "-tls1_2")
    stranger = certificates.other.issue("for-openssl", "client.example.com")
    other = ("-cert", str(stranger.cert), "-key", str(stranger.key))
    assert ticket not in s_client(mutual, certificates, "-tls1_2", *other)


def test_a_client_of_another_environment_is_served_over_tls(
    secure: Server, mutual: Server, certificates: Certificates
) -> None:
    ours, own = certificates.ours.ca, certificates.client
    stranger = certificates.other.issue("unknown", "client.example.com")
    with client(python_with("grpcio")) as caller:
        answer = caller.call(f"localhost:{secure.port}", ca=ours)
        assert answer.code == "OK"
        assert b"hello.py" in answer.reply
        assert caller.call(f"localhost:{mutual.port}", ca=ours, pair=own).code == "OK"
        assert caller.call(f"127.0.0.1:{secure.port}", ca=ours).code == "OK"
        for port, ca, pair in (
            (secure.port, None, None),
            (secure.port, certificates.other.ca, None),
            (mutual.port, ours, None),
            (mutual.port, ours, stranger),
        ):
            assert caller.call(f"localhost:{port}", ca=ca, pair=pair).code == "UNAVAILABLE"
