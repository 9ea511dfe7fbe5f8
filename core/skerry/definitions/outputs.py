"""What a solid gives, where a plain value does not say enough."""

from typing import Any


class Output:
    """One output of a solid, to be returned, or yielded for each that there is.

    ``value``: anything; ``output_name``: which of the solid's outputs it is.
    """

    def __init__(self, value: Any, output_name: str = "result") -> None:
        self.value = value
        self.output_name = output_name

    def __repr__(self) -> str:
        return f"Output({self.value!r}, {self.output_name!r})"
