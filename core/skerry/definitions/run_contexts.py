"""What solids, resources and hooks are given while a pipeline runs. In a test, make them by hand."""

import logging
from typing import Any, Callable, Dict, Mapping, Optional


class Resources:
    """Resources by attribute: ``context.resources.warehouse``."""

    def __init__(self, resources: Optional[Mapping[str, Any]] = None) -> None:
        vars(self).update(resources or {})

    def __getattr__(self, name: str) -> Any:
        there = ", ".join(sorted(vars(self))) or "none"
        raise AttributeError(
            f"There is no resource {name!r} here; there are: {there}. Name it in `required_resource_keys`."
        )


class RunContext:
    """What all of them have: the ``run_id``, the ``tags`` of the run, a ``log`` and the ``resources``."""

    def __init__(
        self,
        *,
        run_id: str = "",
        tags: Optional[Mapping[str, str]] = None,
        log: Optional[logging.Logger] = None,
        resources: Optional[Mapping[str, Any]] = None,
    ) -> None:
        self.run_id = run_id
        self.tags: Dict[str, str] = dict(tags or {})
        self.log = log or logging.getLogger("skerry.run")
        self.resources = Resources(resources)


class SolidExecutionContext(RunContext):
    """Given to a solid whose first parameter is called ``context``.

    ``solid_config``: its part of the run config, None where its schema asks for none; ``solid_name``: its name in the
    pipeline; ``pipeline_name``; ``retry_number``: 0 in the first attempt.
    """

    def __init__(
        self,
        solid_config: Any = None,
        *,
        solid_name: str = "",
        pipeline_name: str = "",
        retry_number: int = 0,
        report: Optional[Callable[[float, str], None]] = None,
        **others: Any,
    ) -> None:
        """Make it. ``report``: hears of progress; ``others``: see RunContext."""
        super().__init__(**others)
        self.solid_config = solid_config
        self.solid_name = solid_name
        self.pipeline_name = pipeline_name
        self.retry_number = retry_number
        self._report = report

    @property
    def op_config(self) -> Any:
        """The newer name of ``solid_config``."""
        return self.solid_config

    def progress(self, fraction: float, text: str = "") -> None:
        """Tell how far the solid has come: from 0 to 1, and perhaps with what. Raises ValueError for nan."""
        number = float(fraction)
        if number != number:
            raise ValueError("progress takes a number from 0 to 1, not nan")
        if self._report is not None:
            self._report(min(max(number, 0.0), 1.0), str(text))


class InitResourceContext(RunContext):
    """Given to the function of a resource, if it takes an argument.

    ``resource_config``: its part of the run config; ``resources``: those that it requires itself.
    """

    def __init__(self, resource_config: Any = None, **others: Any) -> None:
        """Make it. ``others``: see RunContext."""
        super().__init__(**others)
        self.resource_config = resource_config


class HookContext(RunContext):
    """Given to a hook, after a solid has come to its end.

    ``solid_name``: its name in the pipeline. ``solid_exception``: what it has failed with; ``solid_output_values``:
    what it has given, by output.
    """

    def __init__(
        self,
        *,
        solid_name: str = "",
        solid_exception: Optional[BaseException] = None,
        solid_output_values: Optional[Mapping[str, Any]] = None,
        **others: Any,
    ) -> None:
        """Make it. ``others``: see RunContext."""
        super().__init__(**others)
        self.solid_name = solid_name
        self.solid_exception = solid_exception
        self.solid_output_values: Dict[str, Any] = dict(solid_output_values or {})
