"""Writes core/skerry/rpc/skerry_v1_pb2.py and .pyi from the .proto: ``python docs/make_protocol.py``.

The compiler pins protobuf, so it lives in an environment of its own; ``make protocol`` makes that, and runs this.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PROTOCOL = ROOT / "schemas" / "skerry_schemas" / "proto" / "skerry_v1.proto"
FOLDER = ROOT / "core" / "skerry" / "rpc"
COMPILER = ROOT / "build" / "protocol_compiler" / "bin" / "python"


def render() -> dict[Path, str]:
    """Give the text of each file. Raises FileNotFoundError where there is no compiler."""
    with tempfile.TemporaryDirectory() as made:
        outputs = [f"--python_out={made}", f"--pyi_out={made}"]
        command = [COMPILER, "-m", "grpc_tools.protoc", "-I", PROTOCOL.parent, *outputs, PROTOCOL.name]
        subprocess.run(command, check=True)
        return {FOLDER / file.name: file.read_text(encoding="utf-8") for file in sorted(Path(made).iterdir())}


if __name__ == "__main__":
    if not COMPILER.exists():
        sys.exit("There is no compiler: run `make protocol`.")
    for file, text in render().items():
        file.write_text(text, encoding="utf-8")
