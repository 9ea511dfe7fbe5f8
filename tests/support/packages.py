"""Small packages in the site-packages of a virtual environment, written as pip would leave them there."""

from __future__ import annotations

import shutil
from pathlib import Path
from textwrap import dedent

from support.interpreters import make_environment


class PackageEnvironment:
    """A virtual environment whose packages a test writes."""

    def __init__(self, folder: Path, version: str = "3.11") -> None:
        self.python = make_environment(folder, version)
        self.site_packages = next(folder.glob("lib/python*/site-packages"))

    def install(self, name: str, code: str, version: str = "1.0") -> Path:
        """Install a module, or with a ``/`` in its name a module of a package, in place of an older version of it."""
        for old in self.site_packages.glob(f"{name.partition('/')[0]}-*.dist-info"):
            shutil.rmtree(old)
        file = self.site_packages / f"{name}.py"
        file.parent.mkdir(exist_ok=True)
        for bytecode in file.parent.glob(f"__pycache__/{file.stem}.*.pyc"):
            bytecode.unlink()  # it would seem to be of a new file of the same size and the same second
        file.write_text(dedent(code).lstrip("\n"))
        metadata = self.site_packages / f"{name.partition('/')[0]}-{version}.dist-info" / "METADATA"
        metadata.parent.mkdir()
        metadata.write_text(f"Metadata-Version: 2.1\nName: {name.partition('/')[0]}\nVersion: {version}\n")
        return file
