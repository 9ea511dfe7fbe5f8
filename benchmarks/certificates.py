"""Certificates for mutual TLS on this machine."""

from __future__ import annotations

from pathlib import Path

import trustme


def write_certificates(folder: Path) -> None:
    """Write ``ca.pem``, and ``server`` and ``client`` with the endings ``.pem`` and ``.key``, unless they are there."""
    if folder.exists():
        return
    folder.mkdir()
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    for name, identity in (("server", "127.0.0.1"), ("client", "client.example")):
        made = authority.issue_cert(identity)
        made.private_key_pem.write_to_path(str(folder / f"{name}.key"))
        made.cert_chain_pems[0].write_to_path(str(folder / f"{name}.pem"))
