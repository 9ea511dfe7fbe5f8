"""The location type ``git``: a file at a revision of a Git repository, kept in the cache once it was fetched.

Credentials are Git's own matter: a credential helper, or an SSH agent; not the URL, which everybody can read.
"""

import re

from skerry.plugin import LoadTarget, LocationError, LocationType, PythonEnvironment, hookimpl

#: None of it is secret, also where it comes from a variable.
TEXT = {"type": "string", "minLength": 1, "writeOnly": False}
#: Nobody could answer if Git asked for a password.
UNATTENDED = {"GIT_TERMINAL_PROMPT": "0"}


class Git(LocationType):
    key = "git"
    summary = "A Python file at a revision of a Git repository"
    schema = {
        "type": "object",
        "description": "Load a Python file at a revision of a Git repository. The checkout is its working directory.",
        "properties": {
            "repository": {**TEXT, "description": "A URL, or a path that begins with `.`, `/` or `~`."},
            "revision": {
                **TEXT,
                "default": "HEAD",
                "description": "A branch or tag, looked up at each load, or a whole commit, fetched only once.",
            },
            "relative_path": {**TEXT, "description": "The file, relative to the root of the repository."},
            "executable_path": PythonEnvironment.PROPERTIES["executable_path"],
            **LoadTarget.PROPERTIES,
        },
        "required": ["repository", "relative_path"],
        "additionalProperties": False,
    }

    def normalize(self, options, context):
        normal = {"revision": "HEAD", **PythonEnvironment.normalize(options, context)}
        if options["repository"].startswith((".", "/", "~")):
            normal["repository"] = str(context.path(options["repository"]))
        return normal

    def default_name(self, options):
        repository = options["repository"].rstrip("/").rpartition("/")[2].removesuffix(".git")
        return f"{repository}@{options.get('revision', 'HEAD')}:{options['relative_path']}"

    def open(self, origin, runtime):
        options = origin.options
        commit = resolve(options["repository"], options["revision"], runtime)

        def check_out(folder):
            git = ["git", "-C", str(folder), "-c", "maintenance.auto=false"]
            fetch = ["fetch", "--progress", "--depth", "1", "--", options["repository"], commit]
            for command in (["init", "--quiet"], fetch, ["checkout", "--quiet", "--detach", "FETCH_HEAD"]):
                runtime.run([*git, *command], env=UNATTENDED)

        folder = runtime.cache_folder(f"git {commit}", check_out)
        return runtime.spawn_python(
            LoadTarget.file(folder / options["relative_path"], options.get("attribute")),
            PythonEnvironment(options.get("executable_path"), working_directory=str(folder)),
        )


def resolve(repository, revision, runtime):
    if re.fullmatch("[0-9a-f]{40}|[0-9a-f]{64}", revision):
        return revision
    # With ^{}: the commit that an annotated tag stands for.
    listing = runtime.run(["git", "ls-remote", "--", repository, revision, f"{revision}^{{}}"], env=UNATTENDED)
    found = dict(reversed(line.split("\t")) for line in listing.stdout.splitlines())
    for name in (revision, f"refs/tags/{revision}^{{}}", f"refs/tags/{revision}", f"refs/heads/{revision}"):
        if name in found:
            return found[name]
    raise LocationError(reason=f"{repository} has no branch or tag {revision!r}.\nName one, or a whole commit.")


@hookimpl
def skerry_location_types():
    return [Git()]
