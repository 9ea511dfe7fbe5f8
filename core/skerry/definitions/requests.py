"""What schedules and sensors answer: runs to be started, or why there is none."""

from typing import Any, Mapping, Optional, Sequence, Union

from skerry.definitions import position


class Answer:
    """An answer of a schedule or sensor, checked once it is given. ``position``: where the user made it."""

    def __init__(self) -> None:
        self.position = position.of_caller()

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in vars(self).items() if name != "position")
        return f"{type(self).__name__}({shown})"


class RunRequest(Answer):
    """Asks for a run of the pipeline. With a ``run_key`` it is started once, however often it is asked for."""

    def __init__(
        self,
        run_key: Optional[str] = None,
        run_config: Optional[Mapping[str, Any]] = None,
        tags: Optional[Mapping[str, str]] = None,
    ) -> None:
        super().__init__()
        self.run_key = run_key
        self.run_config = run_config
        self.tags = tags


class SkipReason(Answer):
    """Says in a sentence why no run is asked for this time."""

    def __init__(self, skip_message: Optional[str] = None) -> None:
        super().__init__()
        self.skip_message = skip_message


class SensorResult(Answer):
    """All that a sensor answers, in one. ``cursor``: what it is given next time; None leaves it as it is."""

    def __init__(
        self,
        run_requests: Optional[Sequence[RunRequest]] = None,
        skip_reason: Union[SkipReason, str, None] = None,
        cursor: Optional[str] = None,
    ) -> None:
        super().__init__()
        self.run_requests = run_requests
        self.skip_reason = skip_reason
        self.cursor = cursor
