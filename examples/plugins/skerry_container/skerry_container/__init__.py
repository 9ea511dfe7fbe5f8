"""The location type ``container``: code in an image, served from within it by ``skerry api grpc``."""

import os

from skerry.plugin import LoadTarget, LocationType, hookimpl

INSIDE = "/run/skerry"


class Container(LocationType):
    key = "container"
    summary = "Code in a container image, run by Docker or Podman"
    schema = {
        "type": "object",
        "description": "Load code in a container. Its image holds the code, and skerry with `skerry api grpc`.",
        "properties": {
            "image": {"type": "string", "minLength": 1, "description": "Pulled when it is not there yet."},
            "python_file": {"type": "string", "description": "The file to load, as the image has it."},
            "package_name": {"type": "string", "description": "The package to load, installed in the image."},
            "engine": {
                "enum": ["docker", "podman"],
                "default": "docker",
                "description": "What runs containers here; it must be on PATH.",
            },
            **LoadTarget.PROPERTIES,
        },
        "required": ["image"],
        "oneOf": [{"required": ["python_file"]}, {"required": ["package_name"]}],
        "additionalProperties": False,
    }

    def normalize(self, options, context):
        return {"engine": "docker", **options}

    def default_name(self, options):
        target = options.get("python_file") or options["package_name"]
        return f"{options['image']}:{target.rpartition('/')[2]}"

    def open(self, origin, runtime):
        options = origin.options
        engine, image = options["engine"], options["image"]
        if runtime.run([engine, "image", "inspect", image], check=False).returncode != 0:
            runtime.run([engine, "pull", image])
        folder = runtime.private_folder()
        # A variable without a value is taken from the engine's own environment: secrets stay off the command line.
        passed = [f"--env={name}" for name in [*origin.env, "SKERRY_CURRENT_IMAGE"]]
        # The container shares nothing with this machine but the folder of the socket, which belongs to this user.
        own = ["--init", f"--user={os.getuid()}:{os.getgid()}", f"--volume={folder}:{INSIDE}", *passed]
        serve = ["skerry", "api", "grpc", f"--socket={INSIDE}/code.sock", "--exit-without-clients=10"]
        names = ("python_file", "package_name", "attribute")
        target = [f"--{name.replace('_', '-')}={options[name]}" for name in names if name in options]
        return runtime.spawn(
            [engine, "run", "--rm", *own, image, *serve, *target],
            address=f"unix:{folder}/code.sock",
            env={"SKERRY_CURRENT_IMAGE": image},
        )


@hookimpl
def skerry_location_types():
    return [Container()]
