"""Every command line in the deployment examples has only options that exist: Skerry's own command reads it."""

from __future__ import annotations

import re

import click
import pytest
from support.deploy_tools import DEPLOY
from support.deployments import EXAMPLES, image_variables

from skerry.console import cli


def read(words: list[str]) -> click.Context:
    """Have the command read its words, as far as it goes without doing anything."""
    command: click.Command = cli
    context, name = None, "skerry"
    while True:
        context = command.make_context(name, words, parent=context)
        if not isinstance(command, click.Group):
            return context
        found, below, words = command.resolve_command(context, [*context._protected_args, *context.args])
        assert found is not None
        assert below is not None
        name, command = found, below


def is_given(context: click.Context, option: str) -> bool:
    return context.get_parameter_source(option) is click.core.ParameterSource.COMMANDLINE


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_option_exists(example: str) -> None:
    for words in EXAMPLES[example]().commands:
        read(words)


def test_an_option_that_does_not_exist_is_noticed() -> None:
    words = EXAMPLES["compose"]().servers[0].words
    with pytest.raises(click.NoSuchOption):
        read([word.replace("--token-file", "--tokens") for word in words])


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_variable_is_one_that_an_option_has(example: str) -> None:
    context = read(["api", "grpc", "--port", "1"])
    known = {option.envvar for option in context.command.params if isinstance(option, click.Option)}
    for server in EXAMPLES[example]().servers:
        ours = {name for name in server.environment if name.startswith("SKERRY_")} - {"SKERRY_CURRENT_IMAGE"}
        assert ours <= known


@pytest.mark.parametrize("example", EXAMPLES)
def test_a_server_that_other_machines_reach_lets_nobody_in_without_credentials(example: str) -> None:
    for server in EXAMPLES[example]().servers:
        context = read(server.words)
        if is_given(context, "insecure"):
            assert example == "chart-open"
        elif not is_given(context, "socket") and example != "image":
            assert is_given(context, "token_file") or is_given(context, "client_ca")


@pytest.mark.parametrize("example", EXAMPLES)
def test_a_probe_asks_where_the_server_listens(example: str) -> None:
    for server in EXAMPLES[example]().servers:
        serving = read(server.words).params
        for words, service in ((server.alive, ""), (server.ready, "code")):
            asking = read(words).params
            assert (asking["port"], asking["socket"]) == (serving["port"], serving["socket"])
            assert asking["service"] == service
            assert bool(asking["ca"]) == bool(serving["tls_cert"])
            assert not serving["client_ca"] or (asking["cert"] and asking["key"])


def test_what_the_image_presets_is_in_no_ones_way() -> None:
    # A target or an address that the image sets would contradict one that somebody gives.
    assert set(image_variables()) == {"SKERRY_CURRENT_IMAGE", "SKERRY_API_GRPC_EXECUTABLE_PATH"}


def test_commands_in_comments_have_only_options_that_exist() -> None:
    files = [path for path in DEPLOY.rglob("*") if path.is_file() and "project" not in path.parts]
    named = {option for path in files for option in re.findall(r"`(--[a-z-]+)", path.read_text())}
    context, probe = read(["api", "grpc", "--port", "1"]), read(["api", "grpc-health-check", "--port", "1"])
    known = {name for one in (context, probe) for option in one.command.params for name in option.opts}
    assert named
    assert named <= known
