"""The command ``skerry``, also as ``python -m skerry``."""

import sys


def main() -> None:
    """Run the command line, where it can run: environments of user code, older ones too, may have this package."""
    if sys.version_info < (3, 11):  # noqa: UP036  # the package is for older ones, too
        sys.exit(
            "The command skerry needs Python 3.11 or newer, and this is Python {}.{}.\n"
            "Code of this environment is loaded by a skerry that is installed elsewhere.".format(*sys.version_info[:2])
        )
    from skerry.console import main as run

    run()


if __name__ == "__main__":
    main()
