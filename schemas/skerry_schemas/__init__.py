"""The schemas of Skerry's files, and the protocol of its code servers, as data."""

import json
from importlib import resources
from typing import Any

__all__ = ["code_server_protocol", "composed_schema", "workspace_schema"]


def workspace_schema() -> dict[str, Any]:
    """Give the JSON Schema (draft-07) of the workspace file's envelope: everything but the location types' options.

    ``definitions.common_options`` holds the options that core adds to every type. Each call gives a copy of its own.
    """
    return _read("workspace.schema.json")


def composed_schema() -> dict[str, Any]:
    """Give the JSON Schema (draft-07) of the whole workspace file with the location types that come with Skerry.

    For editors and validators that cannot ask ``skerry schema``, which knows the other installed types, too.
    """
    return _read("composed.schema.json")


def code_server_protocol() -> str:
    """Give the text of ``skerry_v1.proto``: what a code server and its clients say to each other over gRPC.

    For who writes a client in another language: save it, and give it to that language's compiler.
    """
    return resources.files(__name__).joinpath("proto", "skerry_v1.proto").read_text(encoding="utf-8")


def _read(name: str) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(resources.files(__name__).joinpath(name).read_text(encoding="utf-8"))
    return schema
