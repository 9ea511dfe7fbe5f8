"""An editor's side of the Language Server Protocol: the real yaml-language-server, spoken to over its pipes."""

from __future__ import annotations

import json
import os
import queue
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
#: Where `make` installs it.
SERVER = ROOT / "build" / "language_server" / "node_modules" / "yaml-language-server" / "bin" / "yaml-language-server"
SECONDS = 60.0

Message = dict[str, Any]


class LanguageServer:
    """One running server. Every wait ends after ``SECONDS``."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._received: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        self._set_aside: list[Message] = []
        self._number = 0
        threading.Thread(target=self._read, daemon=True).start()

    def begin(self, settings: Message) -> None:
        """Say who we are, and with which settings the server should work."""
        capabilities = {
            "textDocument": {"hover": {"contentFormat": ["plaintext"]}},
            "workspace": {"configuration": True},
        }
        self._settings = settings
        self.ask("initialize", {"processId": os.getpid(), "rootUri": None, "capabilities": capabilities})
        self.tell("initialized", {})
        self.tell("workspace/didChangeConfiguration", {"settings": {"yaml": settings}})

    def open(self, uri: str, text: str) -> list[Message]:
        """Open a document; gives its diagnostics."""
        document = {"uri": uri, "languageId": "yaml", "version": 1, "text": text}
        self.tell("textDocument/didOpen", {"textDocument": document})
        method = "textDocument/publishDiagnostics"
        answer = self._wait(lambda one: one.get("method") == method and one["params"]["uri"] == uri)
        diagnostics: list[Message] = answer["params"]["diagnostics"]
        return diagnostics

    def at(self, method: str, uri: str, line: int, column: int) -> Any:
        """Ask about a place, counted from 0 as the protocol does."""
        place = {"line": line, "character": column}
        return self.ask(f"textDocument/{method}", {"textDocument": {"uri": uri}, "position": place})

    def ask(self, method: str, params: Any) -> Any:
        self._number += 1
        number = self._number
        self._send({"id": number, "method": method, "params": params})
        answer = self._wait(lambda one: one.get("id") == number and "method" not in one)
        assert "error" not in answer, answer
        return answer["result"]

    def tell(self, method: str, params: Any) -> None:
        self._send({"method": method, "params": params})

    def _send(self, message: Message) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._process.stdin is not None
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self._process.stdin.flush()

    def _wait(self, wanted: Any) -> Message:
        while True:
            for message in self._set_aside:
                if wanted(message):
                    self._set_aside.remove(message)
                    return message
            message_or_end = self._received.get(timeout=SECONDS)
            assert message_or_end is not None, "the language server has ended"
            if "id" in message_or_end and "method" in message_or_end:
                self._answer(message_or_end)
            else:
                self._set_aside.append(message_or_end)

    def _answer(self, request: Message) -> None:
        """The server asks for its settings; whatever else it asks for, an editor may refuse to give."""
        result: Any = None
        if request["method"] == "workspace/configuration":
            known = {"yaml": self._settings}
            result = [known.get(item.get("section"), {}) for item in request["params"]["items"]]
        self._send({"id": request["id"], "result": result})

    def _read(self) -> None:
        stream = self._process.stdout
        assert stream is not None
        try:
            while header := stream.readline():
                length = int(header.partition(b":")[2]) if header.lower().startswith(b"content-length") else 0
                while header.strip():
                    header = stream.readline()
                if length:
                    self._received.put(json.loads(stream.read(length)))
        finally:
            self._received.put(None)


@contextmanager
def language_server(settings: Message, cwd: Path) -> Iterator[LanguageServer]:
    """Run the server, or skip the test by name where it is missing (under CI, fail)."""
    node = shutil.which("node")
    if node is None or not SERVER.exists():
        missing = "yaml-language-server is not installed: `make` installs it where there is npm"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    process = subprocess.Popen(
        [node, str(SERVER), "--stdio"],
        cwd=cwd,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        server = LanguageServer(process)
        server.begin(settings)
        yield server
    finally:
        process.kill()
        process.wait(SECONDS)
        for stream in (process.stdin, process.stdout):
            assert stream is not None
            stream.close()
