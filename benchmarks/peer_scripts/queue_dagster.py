"""Queue runs with Dagster, of either version, tell how long they took, and stay. Runs on CPython 3.8 and newer.

Arguments: how many runs, the workspace file, the file of its one location, the pipeline's name, the descriptor to
answer to. The answer: ``seconds`` from the first request until all have succeeded. The daemon that takes them from the
queue has run one before, and has ended when the answer comes.
"""

from __future__ import annotations

import contextlib
import json
import os
import runpy
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
from dagster import DagsterInstance  # type: ignore[import-not-found]

try:
    from dagster import RunsFilter
    from dagster._core.workspace.load import (  # type: ignore[import-not-found]
        load_workspace_process_context_from_yaml_paths,
    )
except ImportError:
    from dagster.core.storage.pipeline_run import (  # type: ignore[import-not-found]
        PipelineRunsFilter as RunsFilter,
    )
    from dagster.core.workspace.load import (  # type: ignore[import-not-found]
        load_workspace_process_context_from_yaml_paths,
    )

#: Seconds for all that is run: less than this script has, so that it ends its daemon also when that is too slow.
LIMIT = 200
#: Seconds for the daemon and what it started to end once they are asked, and once they are killed.
GRACE = 10


def requester(instance: Any, request: Any, code: str, name: str) -> Callable[[], str]:
    """Give what puts one more run into the queue and gives its id, as the version's library does it."""
    definition = runpy.run_path(code)[name]
    if hasattr(request, "code_locations"):
        (repository,) = request.code_locations[0].get_repositories().values()
        job = repository.get_full_job(name)
        create = instance.create_run_for_job
        options = {
            "remote_job_origin": job.get_remote_origin(),
            "job_code_origin": job.get_python_origin(),
            # Not asked for, it starts one more process for each step. The old one does not.
            "run_config": {"execution": {"config": {"in_process": {}}}},
        }
    else:
        (repository,) = request.repository_locations[0].get_repositories().values()
        pipeline = repository.get_full_external_pipeline(name)
        create = instance.create_run_for_pipeline
        options = {
            "external_pipeline_origin": pipeline.get_external_origin(),
            "pipeline_code_origin": pipeline.get_python_origin(),
        }
    return lambda: str(instance.submit_run(create(definition, **options).run_id, request).run_id)


def wait(instance: Any, runs: list[str], daemon: subprocess.Popen[bytes], deadline: float) -> None:
    """Wait until all have succeeded; whatever else comes of them ends this script with a sentence."""
    while True:
        statuses = [run.status.value for run in instance.get_runs(RunsFilter(run_ids=runs))]
        succeeded = f"{statuses.count('SUCCESS')} of {len(runs)} runs succeeded"
        if statuses.count("SUCCESS") == len(runs):
            return
        if "FAILURE" in statuses or "CANCELED" in statuses:
            sys.exit(f"{succeeded}, and not all others can")
        if daemon.poll() is not None:
            sys.exit(f"{succeeded}, then the daemon ended with code {daemon.returncode}")
        if time.monotonic() > deadline:
            sys.exit(f"{succeeded} within {LIMIT} s")
        time.sleep(0.1)


def end(daemon: subprocess.Popen[bytes]) -> None:
    """End the daemon and all below it, by asking first.

    What is killed leaves its semaphores behind, but Python's resource trackers, which end last, remove them.
    """
    if daemon.poll() is not None:
        return
    process = psutil.Process(daemon.pid)
    everything = [process, *process.children(recursive=True)]
    daemon.terminate()
    _, left = psutil.wait_procs(everything, GRACE)
    for one in left:
        with contextlib.suppress(psutil.Error):
            if not any("resource_tracker" in word for word in one.cmdline()):
                one.kill()
    psutil.wait_procs(left, GRACE)


def main() -> None:
    """Start the daemon, run one, run all, end the daemon, answer, stay."""
    count, workspace_file, code, name, descriptor = sys.argv[1:]
    load = load_workspace_process_context_from_yaml_paths
    with DagsterInstance.get() as instance, load(instance, [workspace_file]) as context:
        request = context.create_request_context()
        put = requester(instance, request, code, name)
        line = [str(Path(sys.executable).with_name("dagster-daemon")), "run"]
        # The old daemon finds the location by what is stored with each run.
        line += ["-w", workspace_file] if hasattr(request, "code_locations") else []
        with (Path(os.environ["DAGSTER_HOME"]) / "daemon.log").open("w") as log:
            daemon = subprocess.Popen(line, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            deadline = time.monotonic() + LIMIT
            wait(instance, [put()], daemon, deadline)
            started = time.perf_counter()
            wait(instance, [put() for _ in range(int(count))], daemon, deadline)
            seconds = time.perf_counter() - started
        finally:
            end(daemon)
        os.write(int(descriptor), json.dumps({"seconds": seconds}).encode() + b"\n")
        sys.stdin.read()


main()
