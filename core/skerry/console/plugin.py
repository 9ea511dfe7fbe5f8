"""``skerry plugin new``: an installable project with a location type, whose tests pass."""

from __future__ import annotations

import keyword
import re
from pathlib import Path
from string import Template

import click

from skerry.console.text import safe

#: Where each file of a new project comes from, and where it goes; both are filled in.
FILES = {
    "pyproject.toml": "pyproject.toml",
    "README.md": "README.md",
    "location_type.py": "$package/__init__.py",
    "test_location_type.py": "tests/test_$key.py",
}

_KEY = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_LONGEST = 40


@click.group()
def plugin() -> None:
    """Write a location type of your own."""


@plugin.command()
@click.argument("name")
@click.option(
    "--folder",
    type=click.Path(path_type=Path),
    help="Where to write the project; it must be empty or new. Default: skerry-NAME in the current folder.",
)
def new(name: str, folder: Path | None) -> None:
    """Write a project with the location type NAME, the key under load_from.

    It can be installed, and its tests pass, at once: change it from there.
    """
    key = _checked_key(name)
    distribution = f"skerry-{key.replace('_', '-')}"
    folder = _checked_folder(folder if folder is not None else Path(distribution))
    words = {
        "key": key,
        "distribution": distribution,
        "package": f"skerry_{key}",
        "class_name": "".join(part.capitalize() for part in key.split("_")),
    }
    try:
        written = [_write(folder, source, target, words) for source, target in FILES.items()]
    except OSError as error:
        raise click.ClickException(f"{safe(str(folder))} cannot be written: {error.strerror}.") from None
    for path in written:
        click.echo(f"wrote {safe(str(path))}")
    click.echo(
        f"\nNext:\n  cd {safe(str(folder))}\n  pip install --group dev --editable .\n  python -m pytest\n"
        f"Then change {words['package']}/__init__.py: the plugin guide says what each part is for."
    )


def _checked_key(name: str) -> str:
    """Give a name that can be a key, a package and a class. Raises click.BadParameter."""
    if not _KEY.fullmatch(name) or keyword.iskeyword(name):
        advice = "Use lower-case letters, digits and single _ between them, beginning with a letter"
        made = re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()).strip("_")
        if _KEY.fullmatch(made) and made != name and len(made) <= _LONGEST:
            advice += f": {made}"
        raise _bad_name(f"{safe(name)!r} cannot be the key of a location type.\n{advice}.")
    if len(name) > _LONGEST:
        raise _bad_name(f"{name!r} is {len(name)} characters long.\nUse at most {_LONGEST}.")
    from skerry.plugin.registry import Registry

    owners = Registry().distribution(name)
    if owners:
        raise _bad_name(f"The key {name!r} is taken by {owners}.\nChoose another, or uninstall that.")
    return name


def _bad_name(message: str) -> click.BadParameter:
    return click.BadParameter(message, param_hint="NAME")


def _checked_folder(folder: Path) -> Path:
    if folder.is_dir() and not any(folder.iterdir()):
        return folder
    if folder.exists() or folder.is_symlink():
        raise click.BadParameter(
            f"{safe(str(folder))} is there already, and nothing is overwritten.\nName an empty or a new folder.",
            param_hint="--folder",
        )
    return folder


def _write(folder: Path, source: str, target: str, words: dict[str, str]) -> Path:
    template = (Path(__file__).parent / "plugin_project" / f"{source}.template").read_text(encoding="utf-8")
    path = folder / Template(target).substitute(words)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(Template(template).substitute(words), encoding="utf-8")
    return path
