"""Served user code is as free as anywhere: nothing of gRPC is in its process, and it forks and threads as it likes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import psutil
from support.servers import serving
from support.waiting import wait_until

from skerry import Location, State, Workspace

Load = Callable[[str], Workspace]
Write = Callable[[str, str], Path]

CHILDREN = Path(__file__).parent.parent / "children"
FOREIGN = ("grpc", "google", "cygrpc", "yaml", "jsonschema", "click", "rich", "pluggy", "psutil")


def test_its_process_has_imported_nothing_that_the_server_needs(write: Write, load: Load) -> None:
    folder = write(
        "tells.py",
        """
        import json, os, sys
        from skerry import pipeline
        print(json.dumps({"modules": sorted(sys.modules), "variables": sorted(os.environ)}), flush=True)

        @pipeline
        def daily():
            pass
        """,
    ).parent
    with serving(folder, "-f", "tells.py") as server:
        server.wait_for("READY")
        wait_until(lambda: server.printed.endswith("\n"), what="what the code tells")
        told = json.loads(server.printed)
        assert [name for name in told["modules"] if name.partition(".")[0] in FOREIGN] == []
        assert "GRPC_VERBOSITY" not in told["variables"]  # the server sets it for itself
        (loaded,) = (remote.server for remote in [ready(load, server.port)])
        assert loaded is not None
        # The process that waits for calls is that one, or was forked from it; no extension of grpc is in any of them.
        processes = psutil.Process(server.pid).children(recursive=True)
        assert loaded.pid in {process.pid for process in processes}
        for process in processes:
            assert [file.path for file in process.memory_maps() if "grpc" in file.path or "protobuf" in file.path] == []
        assert any("cygrpc" in file.path for file in psutil.Process(server.pid).memory_maps())


def ready(load: Load, port: int) -> Location:
    remote = load(f"load_from: [grpc_server: {{port: {port}, location_name: remote}}]")["remote"]
    assert remote.wait(60)
    assert remote.state is State.READY, remote.error
    return remote


def test_it_may_use_pools_of_every_kind_and_threads(tmp_path: Path, load: Load) -> None:
    shutil.copy(CHILDREN / "uses_pools.py", tmp_path / "pools.py")
    with serving(tmp_path, "-f", "pools.py") as server:
        remote = ready(load, server.port)
        results = [line for line in remote.output().splitlines() if line.startswith("result")]
        assert results == [
            "result fork [4, 9, 16]",
            "result spawn [4, 9, 16]",
            "result forkserver [4, 9, 16]",
            "result thread",
        ]
        remote.reload()  # a server that has answered calls forks again
        assert remote.output().count("result") == 4


def test_it_may_fork_while_the_server_answers(write: Write, load: Load) -> None:
    file = write(
        "forks.py",
        """
        import os, threading
        from skerry import pipeline

        def fork():
            pid = os.fork()
            if pid == 0:
                os._exit(7)
            return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

        print("codes", {fork() for _ in range(20)}, flush=True)
        thread = threading.Thread(target=lambda: print("from a thread", fork(), flush=True))
        thread.start()
        thread.join()

        @pipeline
        def daily():
            pass
        """,
    )
    with serving(file.parent, "-f", "forks.py") as server:
        remote = ready(load, server.port)
        assert remote.output() == "codes {7}\nfrom a thread 7\n"
        assert remote.reload().new_generation == 2
