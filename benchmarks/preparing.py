"""What comes before any figure: peers installed, bytecode compiled, one uncounted run on every side."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

from benchmarks.bytecode import compile_bytecode
from benchmarks.measure import BenchmarkError, say
from benchmarks.peers import PEERS, Installation, install
from benchmarks.setting import Setting

_ROOT = Path(__file__).parent.parent
#: A folder to keep the peers in; without it they go the way of everything below `build`.
_PEERS_VARIABLE = "SKERRY_BENCH_PEERS"


def prepare(folder: Path, *, quick: bool) -> Setting:
    """Give the setting for the cases; ``folder`` is for what they write. Raises BenchmarkError if Skerry fails."""
    say("Preparing")
    peers_folder = Path(os.environ.get(_PEERS_VARIABLE, _ROOT / "build" / "peers")).absolute()
    homes = folder / "homes"
    peers = [install(peer, peers_folder, homes / peer.version) for peer in PEERS]
    setting = Setting(folder, peers, quick, peers_folder)
    compile_bytecode(sys.executable, *(_ROOT / name for name in ("core", "plugins", "schemas")))
    setting.list_one()
    return replace(setting, peers=[_ready(setting, each) for each in setting.peers])


def _ready(setting: Setting, installation: Installation) -> Installation:
    """Compile and run a peer once (it makes its databases then), or say why that cannot be."""
    if installation.failure:
        return installation
    try:
        compile_bytecode(installation.python)
        setting.list_one_with(installation)
    except BenchmarkError as error:
        say(f"  {installation.peer.name} is left out: {error}")
        return replace(installation, failure=str(error))
    return installation
