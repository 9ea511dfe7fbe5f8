"""Calls of Dagster's, of either version, for ``closed_loop``: through its own client, which connects for each call.

The target: ``host``, ``port`` and the names of the ``location`` and the ``repository``.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

try:
    from dagster._core.remote_origin import (  # type: ignore[import-not-found]
        GrpcServerCodeLocationOrigin as Location,
    )
    from dagster._core.remote_origin import RemoteRepositoryOrigin as Repository
    from dagster._core.remote_representation.external_data import RepositorySnap  # type: ignore[import-not-found]
    from dagster._grpc.client import DagsterGrpcClient  # type: ignore[import-not-found]
    from dagster._serdes import deserialize_value  # type: ignore[import-not-found]

    _read = functools.partial(deserialize_value, as_type=RepositorySnap)

except ImportError:
    from dagster.core.host_representation.origin import (  # type: ignore[import-not-found]
        ExternalRepositoryOrigin as Repository,
    )
    from dagster.core.host_representation.origin import GrpcServerRepositoryLocationOrigin as Location
    from dagster.grpc.client import DagsterGrpcClient  # type: ignore[import-not-found]
    from dagster.serdes import (  # type: ignore[import-not-found,no-redef]
        deserialize_json_to_dagster_namedtuple as _read,
    )


def connect(target: dict[str, Any], what: str) -> Callable[[], object]:
    """Give a call to make again and again: ``ping`` or ``snapshot``."""
    client = DagsterGrpcClient(host=target["host"], port=target["port"])
    location = Location(host=target["host"], port=target["port"], location_name=target["location"])
    repository = Repository(location, target["repository"])

    def ping() -> None:
        client.ping("")

    def snapshot() -> None:
        assert target["repository"] in str(_read(client.external_repository(repository)))

    return {"ping": ping, "snapshot": snapshot}[what]
