"""Load a workspace with Dagster, of either version, tell how long it took, and stay. Runs on CPython 3.8 and newer.

Arguments: the workspace file, the descriptor to answer to. The answer: ``seconds`` of the call that loads;
``ready``: how many locations it gave. Imports and the making of the instance come before.
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
    """Load, answer, stay."""
    with DagsterInstance.get() as instance:
        started = time.perf_counter()
        context = load_workspace_process_context_from_yaml_paths(instance, [sys.argv[1]])
        request = context.create_request_context()
        locations = request.code_locations if hasattr(request, "code_locations") else request.repository_locations
        answer = {"seconds": time.perf_counter() - started, "ready": len(locations)}
        os.write(int(sys.argv[2]), json.dumps(answer).encode() + b"\n")
        sys.stdin.read()


main()
