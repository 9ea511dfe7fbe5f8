"""One attempt at one solid: its function is called, and its outputs are checked."""

from types import CoroutineType, GeneratorType
from typing import Any, Dict, Iterator, Mapping, Tuple

from skerry.definitions import Output, SolidInvocation
from skerry.definitions.base import words_for
from skerry.definitions.run_contexts import SolidExecutionContext
from skerry.errors import ErrorKind, RunError
from skerry.execution.calling import call


def outputs_of(
    invocation: SolidInvocation, inputs: Mapping[str, Any], context: SolidExecutionContext
) -> Iterator[Tuple[str, Any]]:
    """Call a solid, and give its outputs one by one, by name.

    What its function returns is its output, or a tuple of all, in which None stands for an optional one that is not
    there; what it yields are Outputs. Raises what the function raises, and RunError for outputs that do not fit.
    """
    definition = invocation.definition
    arguments = (context,) if definition.takes_context else ()
    result = call(definition.function, *arguments, **inputs)
    if isinstance(result, CoroutineType):
        import asyncio

        result = call(asyncio.run, result)
    given: Dict[str, None] = {}
    yielded = _yielded(invocation, result) if isinstance(result, GeneratorType) else _returned(invocation, result)
    for output in yielded:
        _check(invocation, output.output_name, given)
        given[output.output_name] = None
        yield output.output_name, output.value
    for declared in definition.outputs:
        if declared.is_required and declared.name not in given:
            raise RunError(ErrorKind.OUTPUT_MISSING, solid=invocation.name, output=declared.name)


def _yielded(invocation: SolidInvocation, generator: "GeneratorType[Any, Any, Any]") -> Iterator[Output]:
    while True:
        try:
            item = call(next, generator)
        except StopIteration as end:
            if end.value is not None:
                yield from _returned(invocation, end.value)
            return
        if not isinstance(item, Output):
            generator.close()
            raise _unclear(invocation, f"{words_for(item)} in a yield")
        yield item


def _returned(invocation: SolidInvocation, result: Any) -> Iterator[Output]:
    outputs = invocation.definition.outputs
    if isinstance(result, Output):
        yield result
    elif len(outputs) == 1:
        if result is not None or outputs[0].is_required:
            yield Output(result, outputs[0].name)
    elif result is None and not any(output.is_required for output in outputs):
        return
    elif not isinstance(result, tuple):
        raise _unclear(invocation, words_for(result))
    elif all(isinstance(item, Output) for item in result):
        yield from result
    elif len(result) != len(outputs):
        raise _unclear(invocation, f"a tuple of {len(result)}")
    else:
        for declared, item in zip(outputs, result):
            if isinstance(item, Output):
                yield item
            elif item is not None or declared.is_required:
                yield Output(item, declared.name)


def _check(invocation: SolidInvocation, name: str, given: Mapping[str, None]) -> None:
    outputs = [output.name for output in invocation.definition.outputs]
    if name not in outputs:
        known = ", ".join(outputs)
        raise RunError(ErrorKind.OUTPUT_UNDECLARED, solid=invocation.name, output=name, outputs=known)
    if name in given:
        raise RunError(ErrorKind.OUTPUT_TWICE, solid=invocation.name, output=name)


def _unclear(invocation: SolidInvocation, found: str) -> RunError:
    outputs = [output.name for output in invocation.definition.outputs]
    return RunError(ErrorKind.OUTPUTS_UNCLEAR, solid=invocation.name, found=found, outputs=", ".join(outputs))
