"""``skerry api``: what runs on the machine that has the code, and what watches over it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from skerry.console.options import TARGETS
from skerry.console.text import safe

if TYPE_CHECKING:
    from collections.abc import Callable

    from skerry.rpc.address import Address

#: What begins the names of the variables that stand for options.
PREFIX = "SKERRY_API_GRPC_"


def _variable(option: str) -> str:
    return PREFIX + option.removeprefix("--").upper().replace("-", "_")


def _option(*names: str, **attributes: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Make an option that a variable can stand for."""
    long = next(name for name in names if name.startswith("--"))
    return click.option(*names, envvar=_variable(long), show_envvar=True, **attributes)


def _address_options(host: str, port: str, socket: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Make the options that say where a server is, with the words for their help."""
    options = (
        _option("-s", "--socket", metavar="PATH", help=socket),
        _option("-p", "--port", metavar="PORT", help=port),
        _option("--host", default="localhost", show_default=True, metavar="HOST", help=host),
    )

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in options:
            command = option(command)
        return command

    return decorate


def _address(host: str, port: str | None, socket: str | None) -> Address:
    from skerry.rpc.address import Address

    if port is not None and "://" in port:
        raise click.UsageError(
            f"The port is {port!r}, as Kubernetes sets {_variable('--port')} for a Service called skerry-api-grpc: "
            "set `enableServiceLinks: false` for the pod, or give --port."
        )
    if port is not None and "/" in port:
        # The page that this command follows gives a socket's path to --port once.
        port, socket = None, socket or port
    if (port is None) == (socket is None):
        raise click.UsageError("Give exactly one of --port and --socket.")
    if socket is not None:
        return Address(socket=str(Path(socket).expanduser().absolute()))
    assert port is not None
    if not port.isdecimal() or int(port) > 65535:
        raise click.UsageError(f"--port cannot be {port!r}: give a number up to 65535, or a socket's path.")
    return Address(host, int(port))


@click.group("api", short_help="Serve code over gRPC, and probe such servers.")
def api() -> None:
    """Serve code over gRPC, probe such servers, and execute runs in containers."""


@api.command("grpc", short_help="Serve one location's code over gRPC.")
@_option("-f", "--python-file", metavar="FILE", help="Serve this Python file.")
@_option("-m", "--module-name", metavar="MODULE", help="Serve this Python module.")
@_option("--package-name", metavar="PACKAGE", help="Serve this installed package.")
@_option("-a", "--attribute", metavar="NAME", help="The one repository to serve.")
@_option("-d", "--working-directory", metavar="FOLDER", help="Where to run and import from.")
@_option("--executable-path", metavar="PYTHON", help="The code's own interpreter. Default: the one that runs Skerry.")
@_option(
    "--startup-timeout",
    type=click.FloatRange(0, 86400, min_open=True),
    metavar="SECONDS",
    help="How long loading may take. Default: 180.",
)
@_address_options(
    host="The name or address to listen on.",
    port="The port to listen on; 0 is any that is free.",
    socket="The unix socket to listen on; --host does not matter then.",
)
@_option("--tls-cert", metavar="FILE", help="Serve with TLS: the certificate, in PEM.")
@_option("--tls-key", metavar="FILE", help="The certificate's key, in PEM.")
@_option("--client-ca", metavar="FILE", help="Let in who shows a certificate that one of these authorities signed.")
@_option("--token-file", metavar="FILE", help="Let in who sends one of the tokens in this file, one a line.")
@_option("--insecure", is_flag=True, help="Without TLS and tokens, serve other machines, too.")
@_option("--watch", is_flag=True, help="Load the code again when a file that it was loaded from is saved.")
@_option(
    "--exit-without-clients",
    type=click.FloatRange(0, min_open=True),
    metavar="SECONDS",
    help="End once no client has been connected for this long: for a server that belongs to its one client.",
)
@_option(
    "--log-format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How to write the log, and with json also what the code prints.",
)
def grpc(
    host: str,
    port: str | None,
    socket: str | None,
    tls_cert: str | None,
    tls_key: str | None,
    client_ca: str | None,
    token_file: str | None,
    insecure: bool,
    watch: bool,
    exit_without_clients: float | None,
    log_format: str,
    **target: Any,
) -> None:
    """Serve one location's code over gRPC, for `grpc_server` in a workspace file.

    The server comes up whatever the code does; an error in it is shown where the location is shown. SIGTERM answers
    what is under way and ends; SIGHUP loads the code again beside the old, which stays if the new one fails.

    Without TLS and tokens only clients on this machine are served.

    Exit code: 0 after SIGTERM or Ctrl-C; 1 when it cannot serve; 2 when the command line cannot be used.
    """
    from skerry.console.serving import How, listen

    entry = _entry(target)
    if (tls_cert is None) != (tls_key is None):
        raise click.UsageError("--tls-cert and --tls-key belong together: give both.")
    if client_ca is not None and tls_cert is None:
        raise click.UsageError("--client-ca needs TLS: give --tls-cert and --tls-key, too.")
    tls = (tls_cert, tls_key, client_ca) if tls_cert is not None and tls_key is not None else None
    how = How(_address(host, port, socket), tls, token_file, insecure, watch, exit_without_clients, log_format)
    sys.exit(listen(entry, how))


def _entry(options: dict[str, Any]) -> dict[str, Any]:
    """Give the entry that says the same in a workspace file."""
    given = {name: value for name, value in options.items() if value is not None}
    chosen = [name for name in TARGETS if name in given]
    if len(chosen) != 1:
        raise click.UsageError("Give exactly one of --python-file, --package-name and --module-name.")
    key, property_name, _ = TARGETS[chosen[0]]
    details = {name: value for name, value in given.items() if name not in TARGETS}
    return {key: {property_name: given[chosen[0]], **details}}


@api.command("grpc-health-check", short_help="Probe a code server.")
@_address_options(
    host="Where the server runs; what it listens on will do.",
    port="The port that it listens on.",
    socket="The unix socket that it listens on; --host does not matter then.",
)
@click.option("--service", default="", metavar="NAME", help='"code" asks for the code. Default: asks for the server.')
@click.option("--ssl", is_flag=True, help="Connect with TLS, and trust the system's authorities.")
@click.option("--ca", metavar="FILE", help="Connect with TLS, and trust these authorities.")
@click.option("--cert", metavar="FILE", help="This side's certificate, where the server wants one.")
@click.option("--key", metavar="FILE", help="The key of --cert.")
@click.option("--server-name", metavar="NAME", help="The name in the server's certificate, where it is not the host.")
@click.option(
    "--timeout",
    type=click.FloatRange(0, min_open=True),
    default=5.0,
    show_default=True,
    metavar="SECONDS",
    help="How long the answer may take.",
)
def grpc_health_check(
    host: str,
    port: str | None,
    socket: str | None,
    service: str,
    ssl: bool,
    ca: str | None,
    cert: str | None,
    key: str | None,
    server_name: str | None,
    timeout: float,
) -> None:
    """Ask a code server for its health, with the standard grpc.health.v1 check: for probes that run a command.

    Without --service it says whether the server answers calls, with `--service code` whether the code is READY.

    Exit code: 0 when it is SERVING; 1 when it is not, or cannot be reached; 2 when the command line cannot be used.
    """
    from skerry.errors import LocationError
    from skerry.plugin import Tls
    from skerry.rpc.health import check
    from skerry.rpc.peer import Peer

    if (cert is None) != (key is None):
        raise click.UsageError("--cert and --key belong together: give both.")
    secure = ssl or ca is not None or cert is not None or server_name is not None
    tls = Tls(ca, cert, key, server_name) if secure else None
    address = _address(host, port, socket)
    try:
        peer = Peer(address, tls, lambda: None)
        try:
            status = peer.probe(check, service, timeout)
        finally:
            peer.close()
    except LocationError as error:
        click.echo(str(error), err=True)
        sys.exit(1)
    click.echo(status)
    sys.exit(0 if status == "SERVING" else 1)


@api.command("execute-run", short_help="Execute one run, in a container of its own.")
@click.option("--request", "file", required=True, metavar="FILE", help="What to execute, in JSON; - for stdin.")
def execute_run(file: str) -> None:
    """Execute one run, and print each of its events as a line of JSON.

    It is what the run launcher `docker` has containers run. The request says which code to load, as an entry of a
    workspace file does, and what to run. What the run prints goes to stderr. SIGTERM and Ctrl-C cancel it. Whatever is
    wrong, the last line is the event that ends the run.

    Exit code: 0 when it has succeeded; 1 when it has failed or was canceled; 2 when the request cannot be read.
    """
    from skerry.console.execute_run import Request, execute

    try:
        with click.open_file(file, encoding="utf-8") as stream:
            request = Request.read(stream.read())
    except OSError as error:
        raise click.UsageError(f"--request {safe(file)}: {error.strerror}.") from None
    except ValueError as error:  # no UTF-8 either
        raise click.UsageError(f"--request {safe(file)}: {safe(str(error))}.") from None
    sys.exit(execute(request))
