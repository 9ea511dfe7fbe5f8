"""The run config: taken apart for those whom it concerns, with the defaults of their schemas; and validated."""

import importlib
import json
from typing import Any, Dict, List, Mapping, Optional

from skerry.definitions import PipelineDefinition, ResourceDefinition
from skerry.errors import ErrorKind, RunError

#: Problems told at once.
_PROBLEMS = 20


class Configuration:
    """Who has which config."""

    def __init__(self, pipeline: PipelineDefinition, run_config: Mapping[str, Any]) -> None:
        """Take ``run_config`` apart, which fits the pipeline's schema."""
        self._run_config = run_config
        self._schemas: Dict[str, Dict[str, Optional[Mapping[str, Any]]]] = {
            "solids": {each.name: each.definition.config_schema for each in pipeline.solids},
            "resources": {
                name: each.config_schema if isinstance(each, ResourceDefinition) else None
                for name, each in pipeline.resource_defs.items()
            },
        }

    def of_solid(self, name: str) -> Any:
        """Give the config of a solid by its name in the pipeline; None where its schema asks for none."""
        return self._of("solids", name)

    def of_resource(self, name: str) -> Any:
        """Give the config of a resource."""
        return self._of("resources", name)

    def _of(self, section: str, name: str) -> Any:
        schema = self._schemas[section].get(name)
        written = (self._run_config.get(section) or {}).get(name) or {}
        if schema is None:
            return written.get("config")
        return _with_defaults(schema, written.get("config"))


def _with_defaults(schema: Mapping[str, Any], value: Any) -> Any:
    """Fill in what is left out and has a default: it may be a whole object, or properties of objects that are there."""
    if value is None and "default" in schema:
        value = schema["default"]
    properties = schema.get("properties")
    if not isinstance(properties, Mapping):
        return value
    if value is None and any(isinstance(each, Mapping) and "default" in each for each in properties.values()):
        value = {}
    if not isinstance(value, Mapping):
        return value
    filled = dict(value)
    for name, below in properties.items():
        if isinstance(below, Mapping):
            found = _with_defaults(below, filled.get(name))
            if found is not None or name in filled:
                filled[name] = found
    return filled


def validate(pipeline: str, schema: Optional[Mapping[str, Any]], run_config: Mapping[str, Any]) -> bool:
    """Validate the run config of a pipeline against its schema; gives False where jsonschema is not installed.

    Raises RunError with the path of all that is wrong.
    """
    if schema is None and not run_config:
        return True
    try:
        # Not an import statement: it is the user's own, and may be missing.
        jsonschema: Any = importlib.import_module("jsonschema")
    except ImportError:
        return False
    wanted = schema or {"type": "object", "additionalProperties": False}
    validator = jsonschema.validators.validator_for(wanted, default=jsonschema.Draft7Validator)(wanted)
    found = sorted(validator.iter_errors(run_config), key=lambda error: [str(part) for part in error.absolute_path])
    if found:
        raise _config_error(pipeline, [(list(error.absolute_path), error.message) for error in found])
    return True


def _config_error(pipeline: str, problems: "List[tuple[List[Any], str]]") -> RunError:
    """Make the error for a run config: what is wrong, each with the path that leads to it."""
    lines = [f"- {_words(path)}: {message}" for path, message in problems[:_PROBLEMS]]
    if len(problems) > _PROBLEMS:
        lines.append(f"- and {len(problems) - _PROBLEMS} more")
    return RunError(ErrorKind.RUN_CONFIG_INVALID, pipeline=pipeline, problems="\n".join(lines))


def _words(path: List[Any]) -> str:
    """Write a path as it would be read: ``solids.add.config.numbers[2]``."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            name = part if part.replace("_", "a").isalnum() else json.dumps(part)
            text += f".{name}" if text else name
    return text or "the run config"
