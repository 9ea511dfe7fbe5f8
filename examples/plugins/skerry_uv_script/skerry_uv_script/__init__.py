"""The location type ``uv_script``: a Python file that names its dependencies, in an environment that uv builds."""

import hashlib
import re
import tempfile
import tomllib
from pathlib import Path

from skerry.plugin import LoadTarget, LocationError, LocationType, PythonEnvironment, hookimpl
from uv import find_uv_bin

#: Inline script metadata (PEP 723).
METADATA = re.compile(r"^# /// script$\s((?:^#(?:| .*)$\s)+)^# ///$", re.MULTILINE)


class UvScript(LocationType):
    key = "uv_script"
    summary = "A Python file with dependencies, which uv installs"
    shorthand = "relative_path"
    schema = {
        "type": "object",
        "description": "Load a Python file, in an environment with the dependencies that it names (PEP 723).",
        "properties": {
            "relative_path": {"type": "string", "writeOnly": False, "description": "Relative to the workspace file."},
            "requirements": {
                "type": "array",
                "items": {"type": "string"},
                "description": "What to install, in place of what the file names.",
            },
            "executable_path": PythonEnvironment.PROPERTIES["executable_path"],
            **LoadTarget.PROPERTIES,
        },
        "required": ["relative_path"],
        "additionalProperties": False,
    }

    def normalize(self, options, context):
        normal = PythonEnvironment.normalize(options, context)
        return {**normal, "relative_path": str(context.path(options["relative_path"]))}

    def default_name(self, options):
        return Path(options["relative_path"]).name

    def open(self, origin, runtime):
        script, uv = Path(origin.options["relative_path"]), find_uv_bin()
        metadata = read_metadata(script)
        requirements = origin.options.get("requirements", metadata.get("dependencies", []))
        python = origin.options.get("executable_path", metadata.get("requires-python", ">=3.8"))
        found = runtime.run([uv, "python", "find", "--no-project", "--resolve-links", python])
        interpreter = found.stdout.strip()

        def build(folder):
            venv = str(folder / "venv")
            runtime.run([uv, "venv", "--no-project", "--relocatable", "--python", interpreter, venv])
            # A URL may hold a password: it stays off the command line, and out of what is kept.
            with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
                print(*requirements, sep="\n", file=file, flush=True)
                runtime.run([uv, "pip", "install", "--python", venv, "--requirements", file.name])

        wanted = hashlib.sha256("\n".join(sorted(requirements)).encode()).hexdigest()
        executable = runtime.cache_folder(f"{script.name} {interpreter} {wanted}", build) / "venv" / "bin" / "python"
        target = LoadTarget.file(script, origin.options.get("attribute"))
        return runtime.spawn_python(target, PythonEnvironment(executable=str(executable)))


def read_metadata(script):
    try:
        found = METADATA.search(script.read_text())
        return tomllib.loads(re.sub("^# ?", "", found[1], flags=re.MULTILINE)) if found else {}
    except (OSError, ValueError) as error:
        raise LocationError(reason=f"The metadata of {script} cannot be read: {error}.\nCorrect the file.") from None


@hookimpl
def skerry_location_types():
    return [UvScript()]
