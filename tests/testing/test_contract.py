"""Each clause of the contract: a location type that breaks it, and nothing before it, is told so."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from skerry.testing import Clause, ContractError, check_location_type

Install = Callable[[str], None]

#: The body of a class that is right but for this, the clause, and a piece of what is said.
WRONG: list[tuple[str, Clause, str]] = [
    ("summary = 'Two\\nlines'", Clause.SUMMARY, "'Two\\nlines'"),
    ("summary = None", Clause.SUMMARY, "None"),
    ("deprecated = True", Clause.DEPRECATED, "True"),
    ("schema = {**Right.schema, 'properties': {'file': {'type': 'text'}}}", Clause.SCHEMA, "'text' is not valid"),
    ("schema = {**Right.schema, 'type': 'array'}", Clause.SCHEMA, "'array'"),
    ("schema = {**Right.schema, 'required': ('file',)}", Clause.SCHEMA, "values that JSON does not have"),
    ("schema = {**Right.schema, 'additionalProperties': True}", Clause.SCHEMA_CLOSED, "`schema` allows keys"),
    (
        """
        schema = {**Right.schema, "properties": {
            **Right.schema["properties"], "tags": {"type": "object", "description": "Anything."}
        }}
        """,
        Clause.SCHEMA_CLOSED,
        "the property 'tags'",
    ),
    (
        "schema = {**Right.schema, 'properties': {'file': {'type': 'string'}}}",
        Clause.SCHEMA_DESCRIBED,
        "the property 'file'",
    ),
    (
        """
        schema = {**Right.schema, "properties": {"file": Right.schema["properties"]["file"], "tags": {
            **Right.schema["properties"]["tags"], "properties": {"team": {"type": "string"}}
        }}}
        """,
        Clause.SCHEMA_DESCRIBED,
        "the property 'tags.team'",
    ),
    (
        "schema = {**Right.schema, 'properties': {'file': {'type': 'string', 'description': '.', 'examples': [3]}}}",
        Clause.SCHEMA_EXAMPLES,
        "3, which the property 'file' gives as an example",
    ),
    (
        "schema = {**Right.schema, 'properties': {'file': {'type': 'string', 'description': '.', 'default': 3}}}",
        Clause.SCHEMA_EXAMPLES,
        "as the default",
    ),
    (
        """
        schema = {**Right.schema, "properties": {
            **Right.schema["properties"], "startup_timeout": {"type": "number", "description": "Ours."}
        }}
        """,
        Clause.SCHEMA_COMMON,
        "'startup_timeout'",
    ),
    ("shorthand = 'path'", Clause.SHORTHAND, "'path', which is no property"),
    ("shorthand = 'tags'", Clause.SHORTHAND, "whose type is 'object'"),
    (
        "def normalize(self, options, context):\n    raise LocationError(reason='the moon is full.')",
        Clause.OPTIONS,
        "the moon is full.",
    ),
    ("schema = {**Right.schema, 'required': ['file', 'tags']}", Clause.OPTIONS, "'tags' is a required property"),
    (
        "def normalize(self, options, context):\n    return {'file': options['path']}",
        Clause.NORMALIZE,
        "KeyError: 'path'",
    ),
    (
        "def normalize(self, options, context):\n    return {'file': context.path(options['file'])}",
        Clause.NORMALIZE_JSON,
        "PosixPath",
    ),
    (
        "def normalize(self, options, context):\n    return {**Right.normalize(self, options, context), 'parts': (1,)}",
        Clause.NORMALIZE_JSON,
        "(1,)",
    ),
    (
        """
        def normalize(self, options, context):
            options["file"] = str(context.path(options["file"]))
            return options
        """,
        Clause.NORMALIZE_INPUT,
        "'hello.py'",
    ),
    (
        "def normalize(self, options, context):\n    return options",
        Clause.NORMALIZE_PATHS,
        "`file` relative: 'hello.py'",
    ),
    (
        """
        def normalize(self, options, context):
            return {**Right.normalize(self, options, context), "times": options.get("times", 0) + 1}
        """,
        Clause.NORMALIZE_IDEMPOTENT,
        "'times': 2",
    ),
    (
        """
        def normalize(self, options, context):
            return {**Right.normalize(self, options, context), "below": str(context.folder)}
        """,
        Clause.NORMALIZE_IDEMPOTENT,
        "elsewhere",
    ),
    (
        """
        schema = {**Right.schema, "properties": {
            **Right.schema["properties"], "file": {"type": "string", "description": "The file."}
        }}
        """,
        Clause.NORMALIZE_REFERENCES,
        "the reference ${NAME} as it is in `file`: ",
    ),
    (
        """
        schema = {**Right.schema, "properties": {
            **Right.schema["properties"], "file": {"type": "string", "description": "The file."}
        }}
        def normalize(self, options, context):
            if not context.path(options["file"]).exists():
                raise LocationError(reason="There is no such file.")
            return options if options["file"].startswith("/") else Right.normalize(self, options, context)
        """,
        Clause.NORMALIZE_REFERENCES,
        "it raised LocationError: There is no such file.",
    ),
    ("def default_name(self, options):\n    return ''", Clause.DEFAULT_NAME, "gave ''"),
    ("def default_name(self, options):\n    return options['name']", Clause.DEFAULT_NAME, "raised KeyError"),
    (
        "times = 0\ndef default_name(self, options):\n    self.times += 1\n    return str(self.times)",
        Clause.DEFAULT_NAME_STABLE,
        "for the same options",
    ),
    (
        "def default_name(self, options):\n    return os.path.abspath(options['file'])",
        Clause.DEFAULT_NAME_STABLE,
        "in another current folder",
    ),
    ("def watch_paths(self, origin):\n    return ['data']", Clause.WATCH_PATHS, "gave 'data'"),
    ("def watch_paths(self, origin):\n    return [Path('data')]", Clause.WATCH_PATHS, "PosixPath('data')"),
    ("def watch_paths(self, origin):\n    raise SystemExit(3)", Clause.WATCH_PATHS, "raised SystemExit: 3"),
    (
        """
        def open(self, origin, runtime):
            def fill(folder):
                (folder / "bin").mkdir()
                (folder / "bin" / "tool").write_text(f"#!{folder}/bin/python")
            runtime.cache_folder("tools 1.5", fill)
            return self.server(origin, runtime)
        """,
        Clause.CACHE,
        "under 'tools 1.5' names the folder in which it was made: bin/tool.",
    ),
    (
        """
        def open(self, origin, runtime):
            def fill(folder):
                (folder / "bin").mkdir()
                (folder / "tools").symlink_to(folder / "bin")
            runtime.cache_folder("tools", fill)
            return self.server(origin, runtime)
        """,
        Clause.CACHE,
        "made: tools.",
    ),
    ("def open(self, origin, runtime):\n    raise LocationError(reason='the moon is full.')", Clause.READY, "full"),
    ("def open(self, origin, runtime):\n    return 'nothing'", Clause.READY, "is not a CodeServer"),
    (
        """
        def open(self, origin, runtime):
            class Empty(Passing):
                def watch(self, observer):
                    observer(ServerStatus(State.READY))
            return Empty(self.server(origin, runtime))
        """,
        Clause.READY,
        "READY and not READY with a repository",
    ),
    (
        """
        def open(self, origin, runtime):
            class Anonymous(Passing):
                def watch(self, observer):
                    def tell(status):
                        observer(ServerStatus(status.state, None, status.repositories))
                    self.inner.watch(tell)
            return Anonymous(self.server(origin, runtime))
        """,
        Clause.SERVER_ID,
        "tells no ServerInfo",
    ),
    (
        """
        def open(self, origin, runtime):
            from dataclasses import replace
            class AlwaysTheSame(Passing):
                def watch(self, observer):
                    def tell(status):
                        server = status.server and replace(status.server, id="the same")
                        observer(replace(status, server=server))
                    self.inner.watch(tell)
            return AlwaysTheSame(self.server(origin, runtime))
        """,
        Clause.SERVER_ID,
        "'the same'",
    ),
    (
        """
        def open(self, origin, runtime):
            class WithoutOutput(Passing):
                def output(self):
                    return None
            return WithoutOutput(self.server(origin, runtime))
        """,
        Clause.OUTPUT,
        "gave None",
    ),
    (
        """
        def open(self, origin, runtime):
            class ClosedOnce(Passing):
                def close(self):
                    self.inner.close()
                    del self.inner
            return ClosedOnce(self.server(origin, runtime))
        """,
        Clause.CLOSE,
        "AttributeError",
    ),
    (
        """
        inside, collision = threading.Event(), threading.Event()

        def open(self, origin, runtime):
            if self.inside.is_set():
                self.collision.set()
                raise RuntimeError("somebody else is in here")
            self.inside.set()
            self.collision.wait(0.3)
            self.inside.clear()
            return self.server(origin, runtime)
        """,
        Clause.AT_ONCE,
        "somebody else is in here",
    ),
    (
        """
        def open(self, origin, runtime):
            open(origin.options["file"]).close()
            return self.server(origin, runtime)
        """,
        Clause.REFUSAL,
        "FileNotFoundError",
    ),
    (
        """
        def normalize(self, options, context):
            assert context.path(options["file"]).exists()
            return Right.normalize(self, options, context)
        """,
        Clause.REFUSAL,
        "AssertionError",
    ),
]


def _id(case: Any) -> str:
    return case.value if isinstance(case, Clause) else ""


def _check(folder: Path, **more: Any) -> None:
    check_location_type("sample", {"file": "hello.py"}, folder=folder, **more)


def _broken(folder: Path, **more: Any) -> ContractError:
    with pytest.raises(ContractError) as caught:
        _check(folder, **more)
    return caught.value


def _is_told(error: ContractError, clause: Clause, words: str) -> None:
    assert error.clause is clause, str(error)
    message = str(error)
    assert message.startswith(f"The location type 'sample' breaks {clause.value}.\n")
    assert words in message
    assert len(message.splitlines()) >= 3, "it does not say what to do"


@pytest.mark.parametrize(("body", "clause", "words"), WRONG, ids=_id)
def test_a_type_that_breaks_a_clause_is_told_which(
    body: str, clause: Clause, words: str, install: Install, hello: Path
) -> None:
    install(body)
    _is_told(_broken(hello.parent), clause, words)


def test_a_right_type_passes(install: Install, hello: Path, nothing_left: None) -> None:
    install("")
    _check(hello.parent)


def test_an_instance_is_checked_like_its_key(install: Install, hello: Path) -> None:
    install("")
    sample = importlib.import_module("skerry_sample")
    check_location_type(sample.Sample(), {"file": "hello.py"}, folder=hello.parent)
    with pytest.raises(ContractError) as caught:
        check_location_type(sample.Right(), {"file": "hello.py"}, folder=hello.parent)
    _is_told(caught.value, Clause.ENTRY_POINT, "gives Sample, not Right")


def test_a_key_that_is_none_is_told(install: Install, hello: Path) -> None:
    install("")
    right = importlib.import_module("skerry_sample").Right()
    right.key = "with space"
    with pytest.raises(ContractError, match="'with space'") as caught:
        check_location_type(right, {"file": "hello.py"}, folder=hello.parent)
    assert caught.value.clause is Clause.KEY


def test_a_type_that_is_not_installed_is_told(hello: Path) -> None:
    _is_told(_broken(hello.parent), Clause.ENTRY_POINT, "No installed distribution offers 'sample'")


def test_a_plugin_that_fails_at_import_is_told(install: Install, hello: Path) -> None:
    install("raise RuntimeError('broken at import')")
    _is_told(_broken(hello.parent), Clause.ENTRY_POINT, "broken at import")


def test_a_short_form_that_leaves_out_too_much_is_told(install: Install, hello: Path) -> None:
    install("schema = {**Right.schema, 'required': ['file', 'tags']}")
    with pytest.raises(ContractError) as caught:
        check_location_type("sample", {"file": "hello.py", "tags": {}}, folder=hello.parent)
    _is_told(caught.value, Clause.SHORT_FORM, "tags")


def test_options_that_the_type_should_refuse_and_does_not_are_told(install: Install, hello: Path) -> None:
    install("")
    wrong = {"file": "hello.py", "tags": {"team": "nobody"}}
    _is_told(_broken(hello.parent, refused=[wrong]), Clause.REFUSED, "'nobody'")


def test_an_open_that_waits_for_the_code_without_end_is_told(install: Install, hello: Path) -> None:
    install(
        """
        release = threading.Event()

        def open(self, origin, runtime):
            ready, server = threading.Event(), self.server(origin, runtime)
            server.watch(lambda status: status.state is State.READY and ready.set())
            while not ready.is_set() and not self.release.is_set():
                ready.wait(0.05)
            return server
        """
    )
    _is_told(_broken(hello.parent), Clause.DEADLINE, "3 s after runtime.deadline")
    sys.modules["skerry_sample"].Sample.release.set()


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("threading.Thread(target=self.release.wait, name='forgotten', daemon=True).start()", "thread 'forgotten'"),
        ("self.kept.append(os.pipe())", "open file"),
        ("self.kept.append(subprocess.Popen(['sleep', '600']))", "process"),
    ],
    ids=["thread", "file", "process"],
)
def test_what_a_type_leaves_behind_is_told(
    what: str, words: str, install: Install, hello: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("skerry.testing.leftovers.PATIENCE", 0.5)
    install(
        f"""
        import subprocess
        release = threading.Event()
        kept = []

        def open(self, origin, runtime):
            import subprocess
            {what}
            return self.server(origin, runtime)
        """
    )
    error = _broken(hello.parent)
    sample = sys.modules["skerry_sample"].Sample
    sample.release.set()
    _end(sample.kept)
    _is_told(error, Clause.LEFT_BEHIND, words)


def _end(kept: list[Any]) -> None:
    for one in kept:
        if isinstance(one, subprocess.Popen):
            one.kill()
            one.wait()
        else:
            os.close(one[0])
            os.close(one[1])


def test_what_a_type_leaves_behind_when_it_is_closed_early_is_told(
    install: Install, hello: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("skerry.testing.leftovers.PATIENCE", 0.5)
    install(
        """
        release = threading.Event()

        def open(self, origin, runtime):
            class NoticesTheEnd(Passing):
                def watch(self, observer):
                    def tell(status):
                        if status.state is not State.LOADING:
                            self.loaded.set()
                        observer(status)
                    self.inner.watch(tell)
            server = NoticesTheEnd(self.server(origin, runtime))
            server.loaded = threading.Event()
            def wait_for_it():
                while not server.loaded.wait(0.05) and not self.release.is_set():
                    pass
            if runtime.deadline - time.monotonic() > 10:
                threading.Thread(target=wait_for_it, name="waits for the load", daemon=True).start()
            return server
        """
    )
    hello.write_text(f"import time; time.sleep(0.2)\n{hello.read_text()}")  # slow enough to be caught loading
    error = _broken(hello.parent)
    sys.modules["skerry_sample"].Sample.release.set()
    _is_told(error, Clause.CLOSE_WHILE_OPENING, "waits for the load")


def test_what_is_left_behind_by_an_early_end_of_what_is_done_once_is_told(
    install: Install, hello: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("skerry.testing.leftovers.PATIENCE", 0.5)
    install(
        """
        kept = []

        def open(self, origin, runtime):
            import subprocess

            def fill(folder):
                self.kept.append(subprocess.Popen(["sleep", "600"]))
                runtime.run(["sleep", "0.3"])  # raises when the location is closed meanwhile
                self.kept[-1].kill()
                self.kept.pop().wait()

            runtime.cache_folder("helper", fill)
            return self.server(origin, runtime)
        """
    )
    error = _broken(hello.parent)
    _end(sys.modules["skerry_sample"].Sample.kept)
    _is_told(error, Clause.CLOSE_WHILE_OPENING, "sleep 600")


def test_a_check_keeps_nothing_in_the_folder_of_the_entry(install: Install, hello: Path) -> None:
    install(
        """
        def open(self, origin, runtime):
            runtime.cache_folder("nothing", lambda folder: None)
            return self.server(origin, runtime)
        """
    )
    _check(hello.parent)
    assert not (hello.parent / ".skerry").exists()
    assert "SKERRY_HOME" not in os.environ


def test_every_clause_has_a_type_that_breaks_it() -> None:
    shown = {clause for _, clause, _ in WRONG}
    text = Path(__file__).read_text().partition("\ndef _broken")[2]
    assert shown | {clause for clause in Clause if f"Clause.{clause.value}" in text} == set(Clause)
