"""Reload one location with Dagster, of either version, tell how long it took, and stay. Runs on CPython 3.8 and newer.

Arguments: the workspace file, the descriptor to answer to. The answer: ``seconds`` of a reload after another one;
``ready``: how many locations there are then.
"""

import json
import os
import sys
import time

from dagster import DagsterInstance  # type: ignore[import-not-found]

try:
    from dagster._core.workspace.load import (  # type: ignore[import-not-found]
        load_workspace_process_context_from_yaml_paths,
    )
except ImportError:
    from dagster.core.workspace.load import (  # type: ignore[import-not-found]
        load_workspace_process_context_from_yaml_paths,
    )


def main() -> None:
    """Load, reload twice, answer, stay."""
    with DagsterInstance.get() as instance:
        context = load_workspace_process_context_from_yaml_paths(instance, [sys.argv[1]])
        request = context.create_request_context()
        new = hasattr(request, "code_locations")
        name = (request.code_location_names if new else request.repository_location_names)[0]
        reload = context.reload_code_location if new else context.reload_repository_location
        reload(name)
        started = time.perf_counter()
        reload(name)
        seconds = time.perf_counter() - started
        request = context.create_request_context()
        ready = len(request.code_locations if new else request.repository_locations)
        os.write(int(sys.argv[2]), json.dumps({"seconds": seconds, "ready": ready}).encode() + b"\n")
        sys.stdin.read()


main()
