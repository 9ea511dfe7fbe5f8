"""JSON Schemas: the envelope, a type's options with those that core adds, and a run launcher's."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from skerry.plugin import LocationType, RunLauncher
from skerry.workspace_file.quick import surely_valid
from skerry_schemas import workspace_schema

if TYPE_CHECKING:
    from jsonschema import Draft7Validator, ValidationError


class WrongSchemaError(Exception):
    """What should be a JSON Schema is none."""


class Validator:
    """A JSON Schema, against which values are held. What keeps to it beyond doubt costs no import of jsonschema."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self.schema = schema

    def is_valid(self, value: Any) -> bool:
        """Tell whether ``value`` keeps to the schema."""
        return surely_valid(self.schema, value) or next(self.errors(value), None) is None

    def errors(self, value: Any) -> Iterator[ValidationError]:
        """Give every way in which ``value`` breaks the schema. What is no schema raises whatever it does."""
        if not surely_valid(self.schema, value):
            yield from self._validator.iter_errors(value)

    def check(self) -> None:
        """Raise WrongSchemaError where the schema is none; what is no mapping at all raises whatever it does."""
        from jsonschema import Draft7Validator, SchemaError

        try:
            Draft7Validator.check_schema(self.schema)
        except SchemaError as error:
            raise WrongSchemaError(error.message) from error

    @functools.cached_property
    def _validator(self) -> Draft7Validator:
        from jsonschema import Draft7Validator

        return Draft7Validator(self.schema)


class Schemas:
    """The validators of one reading of a workspace, each made when its type is first met."""

    def __init__(self) -> None:
        envelope = workspace_schema()
        self.common_options: Mapping[str, Any] = envelope["definitions"]["common_options"]["properties"]
        self.location_name = Validator(self.common_options["location_name"])
        self.envelope = Validator(envelope)
        self.run_launcher = Validator(envelope["properties"]["run_launcher"])
        self._options: dict[str, Validator] = {}

    def options(self, location_type: LocationType) -> Validator:
        """Give the validator of what stands under the type's key."""
        validator = self._options.get(location_type.key)
        if validator is None:
            validator = Validator(options_schema(location_type, self.common_options))
            self._options[location_type.key] = validator
        return validator

    def launcher_options(self, launcher: type[RunLauncher]) -> Validator:
        """Give the validator of what stands under a run launcher's key."""
        return Validator(launcher.schema)


def options_schema(location_type: LocationType, common_options: Mapping[str, Any]) -> dict[str, Any]:
    """Add the options that every type has to the type's own."""
    schema = dict(location_type.schema)
    return {**schema, "properties": {**schema.get("properties", {}), **common_options}}
