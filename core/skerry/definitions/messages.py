"""The words of every DefinitionError: a line that says what, then a line that says what to do."""

from typing import Any

from skerry.definitions.position import Position
from skerry.errors import DefinitionError


def invalid(words: str, *, name: str, at: Position, **fields: Any) -> DefinitionError:
    """Make the error for the definition ``name``, with one of the words below and the fields that they need."""
    return DefinitionError(words.format(name=name, **fields), name=name, file=at.file, line=at.line)


# Any definition.
NOT_A_FUNCTION = "@{type} decorates a function, and this is {found}.\nWrite it above a `def`."
ARGUMENTS_BY_NAME = (
    "@{type} was given {found} where the function stands.\nGive its arguments by name: @{type}(name=..., ...)."
)
BAD_NAME = (
    "{bad} cannot be the name of {article} {type}.\nUse letters, digits and underscores; `name=` chooses another."
)
DESCRIPTION_NOT_TEXT = "The description of the {type} {name!r} is {found}.\nGive a text."
TAGS_NOT_TEXT = (
    'The tags of the {type} {name!r} hold {found}.\nGive a dict of texts by texts; write a number as a text: "3".'
)

# Solids.
SCHEMA_NOT_JSON = (
    "{path} of the {type} {name!r} is {found}.\n"
    "A config schema is a JSON Schema: dicts with texts as keys, lists, texts, finite numbers, True, False, None."
)
VARIADIC = (
    "The solid {name!r} takes {parameter}, and the inputs of a solid have names.\n"
    "Name each input, and let a list come in through one of them; a decorator between keeps the names "
    "with functools.wraps."
)
INPUTS_NOT_LIST = "`inputs` of the solid {name!r} holds {found}.\nGive a list of InputDefinition."
INPUT_NOT_PARAMETER = (
    "`inputs` of the solid {name!r} describes {input!r}, which its function does not take.\nIts inputs are: {inputs}."
)
INPUT_TWICE = "`inputs` of the solid {name!r} describes {input!r} twice.\nKeep one of the two."
OUTPUTS_NOT_LIST = "`outputs` of the solid {name!r} holds {found}.\nGive a list of names or of OutputDefinition."
NO_OUTPUTS = '`outputs` of the solid {name!r} is empty.\nLeave it out: a solid has at least one output, "result".'
OUTPUT_TWICE = "`outputs` of the solid {name!r} names {output!r} twice.\nGive each output a name of its own."
RESOURCES_NOT_NAMES = (
    '`required_resource_keys` of the {type} {name!r} is {found}.\nGive a set of texts, such as {{"warehouse"}}.'
)
NOT_A_POLICY = "`retry_policy` of the solid {name!r} is {found}.\nGive a RetryPolicy."

# Retries, resources and hooks.
RETRIES_NOT_NUMBER = "`max_retries` is {found}.\nGive a whole number from 0 on."
DELAY_NOT_SECONDS = "`delay` is {found}.\nGive a number of seconds, at most a day."
BACKOFF_UNKNOWN = "`backoff` is {found}.\nGive Backoff.LINEAR or Backoff.EXPONENTIAL, or leave it out."
RESOURCES_NOT_DICT = (
    "`resource_defs` of the pipeline {name!r} is {found}.\n"
    "Give a dict: names, and for each a resource or the value that stands for it."
)
RESOURCE_LACKING = (
    "{who} requires the resource {resource!r}, which the pipeline {name!r} lacks.\n"
    "Give it in `resource_defs`; those there are: {known}."
)
BROKEN_RESOURCE = (
    "The pipeline {name!r} uses the resource {resource!r}, which could not be defined.\nCorrect the resource."
)
RESOURCE_CYCLE = "Resources of the pipeline {name!r} require each other: {cycle}.\nTake one of these out."
HOOKS_NOT_LIST = "`hooks` of the pipeline {name!r} holds {found}.\nGive a set of hooks."
HOOK_TAKES_CONTEXT = "The hook {name!r} takes no argument.\nGive its function one: it is called with a HookContext."
BROKEN_HOOK = "The pipeline {name!r} uses the hook {hook!r}, which could not be defined.\nCorrect the hook."

# The graph of a pipeline.
BODY_TAKES_ARGUMENTS = (
    "The function of the pipeline {name!r} takes {parameters}, and nobody gives it arguments.\n"
    "Remove them; values come from solids and from their config."
)
BODY_NOT_PLAIN = (
    "The function of the pipeline {name!r} is {found}, which would not run when the pipeline is defined.\n"
    "Write a plain function that calls solids."
)
BROKEN_SOLID = "The pipeline {name!r} uses the solid {solid!r}, which could not be defined.\nCorrect the solid."
TOO_MANY_INPUTS = (
    "{solid!r} is given more by position ({given}) than it has inputs ({count}): {inputs}.\nRemove the others."
)
GIVEN_TWICE = "The input {input!r} of {solid!r} is given by position and by name.\nGive it once."
UNKNOWN_INPUT = "{solid!r} has no input {input!r}.\nIts inputs are: {inputs}."
MISSING_INPUT = (
    "The input {input!r} of {solid!r} is not connected.\n"
    "Give it the output of another solid, or give the parameter a default."
)
NOT_AN_OUTPUT = (
    "The input {input!r} of {solid!r} is given {found}, and not the output of a solid.\n"
    "Return the value from a solid, or let {solid!r} read it from its config."
)
SOLID_NOT_CALLED = "The input {input!r} of {solid!r} is given {found} itself, and not its output.\nCall it: {call}()."
SEVERAL_OUTPUTS = "The input {input!r} of {solid!r} is given all the outputs of {source!r}.\nChoose one: {choices}."
OTHER_PIPELINE = (
    "The input {input!r} of {solid!r} is given {source!r}, an output in another pipeline ({other!r}).\n"
    "Call the solid in this pipeline, {name!r}, too."
)
NAME_TAKEN = 'The name {solid!r} is used twice in the pipeline {name!r}.\nChoose another with .alias("...").'
TWO_SOLIDS_ONE_NAME = (
    "The pipeline {name!r} uses two different solids called {solid!r}: {first} and {second}.\n"
    'Rename one of them, or use it with .alias("...").'
)

# Pipelines from a dict of dependencies.
NOT_A_SOLID = '`solids` of the pipeline {name!r} holds {found}.\nGive a list of solids, or of solid.alias("...").'
DEPENDENCIES_NOT_MAPPING = (
    "`dependencies` of the pipeline {name!r} holds {found}.\n"
    'Write {{"solid": {{"input": "other.result"}}}}; for a fan-in, a list of outputs.'
)
UNKNOWN_SOLID = "`dependencies` of the pipeline {name!r} names the solid {solid!r}.\nIts solids are: {solids}."
UNKNOWN_OUTPUT = (
    "`dependencies` of the pipeline {name!r} feeds {input!r} of {solid!r} from {source!r}, which is no output.\n"
    'Write "solid.output": {outputs}.'
)
CYCLE = "The solids of the pipeline {name!r} feed each other in a circle: {cycle}.\nRemove one of these dependencies."

# Schedules and sensors.
NO_CRON = '@schedule of {name!r} has no `cron_schedule`.\nGive one, such as cron_schedule="0 6 * * *".'
BAD_CRON = (
    "The cron_schedule {cron} of the schedule {name!r} cannot be read: {reason}.\n"
    "Give five fields (minute, hour, day of month, month, day of week), or one of {nicknames}."
)
BAD_TIMEZONE = (
    "The timezone of the schedule {name!r} is {found}.\n"
    'Give a name of the IANA time zone database, such as "Europe/Berlin".'
)
NO_PIPELINE = "@{type} of {name!r} has no `pipeline`.\nGive the pipeline that it starts, or its name."
PIPELINE_TWICE = "@{type} of {name!r} is given {options}, which mean the same.\nKeep `{keep}`."
NOT_A_PIPELINE = "`pipeline` of the {type} {name!r} is {found}.\nGive a pipeline, or its name."
BAD_INTERVAL = "minimum_interval_seconds of the sensor {name!r} is {found}.\nGive a number of seconds greater than 0."

# What schedules and sensors answer.
NOT_AN_ANSWER = {
    "schedule": (
        "The schedule {name!r} answered with {found}.\n"
        "Return a run config (a dict), a RunRequest or a SkipReason; return a list of RunRequests, or yield them."
    ),
    "sensor": (
        "The sensor {name!r} answered with {found}.\n"
        "Return a RunRequest, a SkipReason or a SensorResult; return a list of RunRequests, or yield them."
    ),
}
SKIP_AND_RUNS = "The {type} {name!r} asks for runs and gives a SkipReason.\nGive the one or the other."
SKIPPED_TWICE = "The {type} {name!r} gives more than one SkipReason.\nGive one."
RESULT_NOT_ALONE = "The sensor {name!r} gives more beside a SensorResult.\nPut all of it into that one."
CURSOR_TWICE = (
    "The sensor {name!r} calls context.update_cursor and gives its SensorResult a cursor.\nDo the one or the other."
)
CURSOR_NOT_TEXT = "The cursor of the sensor {name!r} is {found}.\nGive a text, such as json.dumps(...)."
CURSOR_TOO_LONG = (
    "The cursor of the sensor {name!r} has {size} bytes, over the limit of {limit}.\n"
    "Keep what is large elsewhere, and let the cursor say where."
)
SKIP_NOT_TEXT = "The SkipReason of the {type} {name!r} is {found}.\nGive a text."
RUN_KEY_NOT_TEXT = "The run_key of a RunRequest of the {type} {name!r} is {found}.\nGive a text."
RUN_CONFIG_NOT_MAPPING = "The run_config of a RunRequest of the {type} {name!r} is {found}.\nGive a dict."
RUN_CONFIG_NOT_JSON = (
    "{path} of a RunRequest of the {type} {name!r} is {found}.\n"
    "A run config is plain JSON: dicts with texts as keys, lists, texts, finite numbers, True, False, None."
)
RUN_TOO_LARGE = (
    "A RunRequest of the {type} {name!r} has {size} bytes as JSON, over the limit of {limit}.\n"
    "Keep what is large elsewhere, and let the run config say where."
)

# Repositories.
REPOSITORY_TAKES_ARGUMENTS = (
    "The function of the repository {name!r} takes {parameters}, and nobody gives it arguments.\nRemove them."
)
NOT_A_COLLECTION = (
    "The function of the repository {name!r} returned {found}.\n"
    'Return a list of pipelines, schedules and sensors, or a dict such as {{"pipelines": {{"name": function}}}}.'
)
UNKNOWN_COLLECTION = "The dict of the repository {repository!r} has the key {found}.\nIts keys are: {keys}."
COLLECTION_NOT_MAPPING = (
    "{name!r} in the dict of the repository {repository!r} is {found}.\n"
    "Give a dict: the names, and for each the {type} or a function without arguments that returns it."
)
NOT_A_DEFINITION = (
    "The repository {repository!r} lists {found}, which is no pipeline, schedule or sensor.\n"
    "Decorate the function, or take it out of the list."
)
NOT_OF_TYPE = (
    "The repository {repository!r} promises the {type} {name!r} and gets {found}.\n"
    "Give a {type}, or a function without arguments that returns it."
)
OTHER_NAME = (
    "The repository {repository!r} promises the {type} {name!r} and gets one called {other!r}.\n"
    "Use the same name in both places."
)
NAME_TWICE = (
    "The repository {repository!r} has two different definitions called {name!r}: {first} and {second}.\n"
    "Rename one of them."
)
PIPELINE_LACKING = (
    "The {type} {name!r} starts the pipeline {pipeline!r}, which the repository {repository!r} lacks.\n"
    "Add the pipeline to it; its pipelines are: {pipelines}."
)
PIPELINE_BROKEN = (
    "The {type} {name!r} starts the pipeline {pipeline!r}, which could not be defined.\nCorrect the pipeline."
)
PIPELINE_CLASH = (
    "The {type} {name!r} starts the pipeline {pipeline!r} of {first}, "
    "and the repository {repository!r} has another of that name: {second}.\n"
    "Rename one of the pipelines."
)
