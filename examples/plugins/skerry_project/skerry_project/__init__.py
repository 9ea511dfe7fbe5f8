"""The location type ``project``: a project folder, loaded with the virtual environment in its ``.venv``."""

from pathlib import Path

from skerry.plugin import LoadTarget, LocationError, LocationType, PythonEnvironment, hookimpl


class Project(LocationType):
    key = "project"
    summary = "A project folder with its own .venv"
    shorthand = "folder"
    schema = {
        "type": "object",
        "description": "Load the repositories of a project with the environment in its .venv.",
        "properties": {
            "folder": {
                "type": "string",
                "writeOnly": False,
                "description": "The project, relative to the workspace file.",
            },
            "module": {
                "type": "string",
                "writeOnly": False,
                "default": "repositories",
                "description": "The module in it that defines the repositories.",
            },
            **LoadTarget.PROPERTIES,
        },
        "required": ["folder"],
        "additionalProperties": False,
    }

    def normalize(self, options, context):
        return {"module": "repositories", **options, "folder": str(context.path(options["folder"]))}

    def default_name(self, options):
        return Path(options["folder"]).name

    def open(self, origin, runtime):
        folder = Path(origin.options["folder"])
        python = folder / ".venv" / "bin" / "python"
        if not python.exists():
            raise LocationError(reason=f"{folder} has no .venv.\nCreate it: python -m venv {folder / '.venv'}")
        return runtime.spawn_python(
            LoadTarget.module(origin.options["module"], origin.options.get("attribute")),
            PythonEnvironment(executable=str(python), working_directory=str(folder)),
        )


@hookimpl
def skerry_location_types():
    return [Project()]
