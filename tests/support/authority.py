"""A certificate authority for tests, and the certificates that it signs, as files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

#: The names of the machine that the tests run on.
LOCAL = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Pair:
    """A certificate, with those that lead to its authority behind it, and its key."""

    cert: Path
    key: Path

    @property
    def server(self) -> tuple[str, ...]:
        """The options of ``skerry api grpc`` that serve with it."""
        return ("--tls-cert", str(self.cert), "--tls-key", str(self.key))

    @property
    def client(self) -> str:
        """What stands under ``ssl`` in a workspace file to show it."""
        return f"cert: {self.cert}, key: {self.key}"


class Authority:
    """One authority. ``ca``: the file with its certificate."""

    def __init__(self, folder: Path, name: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._root = trustme.CA(organization_name=name)
        self.name = name
        self.ca = folder / f"{name}.pem"
        self._root.cert_pem.write_to_path(str(self.ca))

    def issue(
        self, file: str, *names: str, expired: bool = False, intermediate: bool = False, password: str | None = None
    ) -> Pair:
        """Sign a certificate for ``names`` (those of this machine, if none are given), below ``file``.pem.

        ``intermediate``: by an authority that this one has signed. ``password``: of its key.
        """
        signer = self._root.create_child_ca() if intermediate else self._root
        until = datetime.now(UTC) - timedelta(days=1) if expired else None
        leaf = signer.issue_cert(*(names or LOCAL), common_name=file, not_after=until)
        pair = Pair(self._folder / f"{file}.pem", self._folder / f"{file}-key.pem")
        replace(pair.cert, b"".join(part.bytes() for part in leaf.cert_chain_pems))
        key = leaf.private_key_pem.bytes()
        if password is not None:
            encryption = BestAvailableEncryption(password.encode())
            key = load_pem_private_key(key, None).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)
        replace(pair.key, key)
        return pair


def replace(file: Path, content: bytes) -> None:
    """Write a file as what renews certificates does: readers see the old content or the new, never a part."""
    new = file.with_name(f"{file.name}.new")
    new.write_bytes(content)
    new.chmod(0o600)
    new.replace(file)
