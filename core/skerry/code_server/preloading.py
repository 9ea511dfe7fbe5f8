"""What is preloaded for the locations of one interpreter: one fork server for all of them, made when they ask."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Collection, Sequence
from importlib.machinery import all_suffixes

from skerry.code_server.fork_server import Child, Forker, ForkServer
from skerry.code_server.interpreter import Interpreter
from skerry.code_server.preloaded_fork_server import Installed, LeftOut, PreloadedForkServer
from skerry.code_server.supervisor import Supervisor, Timer
from skerry.errors import LocationError, NotPreloaded, not_preloaded
from skerry.plugin import LoadTarget, PythonEnvironment

#: Seconds in which the locations of a workspace come together, so that one fork server has what all of them want.
GATHERING = 0.02
#: Of the time that a location has left, what it may wait for that.
_SHARE = 0.5


class PreloadRequest(Forker):
    """What one location asks for; to it, this is its fork server, whichever that comes to be."""

    def __init__(self, preloading: Preloading, environment: PythonEnvironment, target: LoadTarget, deadline: float):
        """``deadline``: the ``time.monotonic()`` by which it must have loaded."""
        self.interpreter = preloading.interpreter
        self.modules = tuple(dict.fromkeys(environment.preload))
        self.preloaded: Sequence[str] = ()
        self.warnings: Sequence[str] = ()
        self.wait_until = time.monotonic() + _SHARE * (deadline - time.monotonic())
        self.timer: Timer | None = None
        self._preloading = preloading
        self._server: ForkServer | None = None
        self._child: Child | None = None
        self._descriptors: list[int] = []
        self._folder = environment.working_directory
        self._beside = _importable(environment.working_directory)
        self._target = "" if target.kind == "file" else _top(target.name)
        self._left_out = self._not_for_it(fresh=environment.fresh)

    def spawn(self, child: Child, descriptors: Sequence[int], *, fresh: bool) -> None:
        """See ``Forker``. It may be asked for a moment later: until then there are copies of the descriptors."""
        self._child = child
        self._descriptors = [os.dup(descriptor) for descriptor in descriptors]
        self._preloading.ask(self, fresh=fresh)

    def signal(self, pid: int, number: int, *, group: bool) -> None:
        """See ``Forker``."""
        if self._server is not None:
            self._server.signal(pid, number, group=group)

    def release(self, pid: int) -> None:
        """See ``Forker``."""
        if self._server is not None:
            self._server.release(pid)

    def _not_for_it(self, *, fresh: bool) -> dict[str, LeftOut]:
        """Say which modules must not be preloaded for this location, whatever they are."""
        if fresh:
            return dict.fromkeys(self.modules, LeftOut(NotPreloaded.FRESH))
        conflicts = {module: self.conflict([_top(module)]) for module in self.modules}
        return {module: conflict for module, conflict in conflicts.items() if conflict is not None}

    # -- what ``Preloading`` calls, in the supervising thread ---------------------------------------------------------

    def wanted(self, left_out: Collection[str]) -> list[str]:
        """Give the modules that are to be preloaded for it."""
        return [module for module in self.modules if module not in self._left_out and module not in left_out]

    def give(self, server: ForkServer, left_out: dict[str, LeftOut], *, fresh: bool = False) -> None:
        """Have its process forked by ``server``, and remember what it has from there, and what not, and why."""
        assert self._child is not None
        if self.timer is not None:
            self.timer.cancel()
        left_out = {**left_out, **self._left_out}
        self._server = server
        if isinstance(server, PreloadedForkServer):
            self.preloaded = [module for module in self.modules if module not in left_out]
        self.warnings = [
            not_preloaded(module, left_out[module].why, left_out[module].fields)
            for module in self.modules
            if module in left_out
        ]
        server.spawn(self._child, self._descriptors, fresh=fresh)
        self.forget()

    def refuse(self, error: LocationError) -> None:
        """Tell it that there will be no process."""
        assert self._child is not None
        self._child.not_spawned(error)
        self.forget()

    def forget(self) -> None:
        """Close the copies of its descriptors."""
        descriptors, self._descriptors = self._descriptors, []
        for descriptor in descriptors:
            with contextlib.suppress(OSError):
                os.close(descriptor)

    def conflict(self, names: Collection[str]) -> LeftOut | None:
        """Say why it must not have any of these top-level modules from a fork server; None where it may."""
        if self._target in names:
            return LeftOut(NotPreloaded.OWN_CODE, {"other": self._target})
        for name in sorted(self._beside & set(names)):
            return LeftOut(NotPreloaded.SHADOWED, {"other": name, "place": self._folder})
        return None


class Preloading:
    """The fork server that has imported what the locations of an interpreter want, and who waits for it.

    All but ``ask`` and ``close`` happens in the supervising thread.
    """

    def __init__(self, interpreter: Interpreter, clean: Callable[[], ForkServer], supervisor: Supervisor) -> None:
        """``clean``: gives the interpreter's clean fork server, or raises LocationError."""
        self.interpreter = interpreter
        self._clean = clean
        self._supervisor = supervisor
        self._waiting: list[PreloadRequest] = []
        self._server: PreloadedForkServer | None = None
        self._made: PreloadedForkServer | None = None  # is being made
        self._gathering = False
        self._repeated = False
        self._closed = False
        #: What was tried and is not fit, and what that, and what is preloaded, was found in.
        self._left_out: dict[str, LeftOut] = {}
        self._installed = Installed()

    def ask(self, request: PreloadRequest, *, fresh: bool) -> None:
        """Take a request, and answer it when that can be done. From any thread."""
        if fresh or not request.wanted(()):
            self._supervisor.call(lambda: self._give(request, fresh=fresh))
            return
        installed = self._installed
        changed = None if installed.is_unchanged() else installed
        self._supervisor.call(lambda: self._take(request, changed))

    def close(self) -> None:
        """Answer nobody any more; the fork servers end with the clean one. From any thread."""
        self._supervisor.call(self._close)

    def _close(self) -> None:
        self._closed = True
        waiting, self._waiting = self._waiting, []
        for request in waiting:
            request.forget()

    def _take(self, request: PreloadRequest, changed: Installed | None) -> None:
        if self._closed:
            request.forget()
            return
        if changed is not None and changed is self._installed:
            self._start_anew()
        if not self._answer(request):
            self._waiting.append(request)
            rest = max(0.0, request.wait_until - time.monotonic())
            request.timer = self._supervisor.call_later(rest, lambda: self._too_late(request))
            self._have_more_made()

    def _start_anew(self) -> None:
        """The environment is another one: what was imported from it is old, what was not fit may be now."""
        server, self._server = self._server, None
        self._left_out = {}
        self._installed = Installed()
        if server is not None:
            server.retire()

    def _too_late(self, request: PreloadRequest) -> None:
        if request in self._waiting:
            self._waiting.remove(request)
            self._without(request, LeftOut(NotPreloaded.LATE))

    def _answer(self, request: PreloadRequest) -> bool:
        """Have the process forked, if what it is to have is preloaded by now; tells whether that is so."""
        server = self._server if self._server is not None and self._server.failure is None else None
        wanted = request.wanted(self._left_out)
        if not wanted:
            self._give(request)
        elif server is not None and server.has(wanted):
            self._give_preloaded(request, server)
        else:
            return False
        return True

    def _have_more_made(self) -> None:
        """Have another fork server made, which has all that those who wait want; soon, since more may come."""
        if self._waiting and self._made is None and not self._gathering:
            self._gathering = True
            self._supervisor.call_later(GATHERING, self._make)

    def _make(self) -> None:
        self._gathering = False
        modules = dict.fromkeys(self._server.modules if self._server is not None else ())
        modules.update((module, None) for request in self._waiting for module in request.wanted(()))
        try:
            if self._waiting and not self._closed:
                chosen = [module for module in modules if module not in self._left_out]
                self._made = PreloadedForkServer(self._clean(), chosen, self._supervisor, self._done)
        except LocationError:
            self._give_up()

    def _done(self, server: PreloadedForkServer) -> None:
        self._made = None
        self._installed = self._installed.also(server.installed)
        self._left_out.update(server.left_out)
        if server.ready:
            before, self._server = self._server, server
            if before is not None:
                before.retire()
            self._look_again()
        elif server.refused:
            self._give_up()  # the clean one tells why
        if not self._closed:
            self._waiting = [request for request in self._waiting if not self._answer(request)]
            self._have_more_made()

    def _look_again(self) -> None:
        """See to it that what was upgraded during the import is imported anew; once: that may change files itself."""
        repeat = not self._repeated and not self._installed.is_unchanged()
        self._repeated = repeat
        if repeat:
            self._start_anew()

    def _give_up(self) -> None:
        waiting, self._waiting = self._waiting, []
        for request in waiting:
            self._give(request)

    def _give_preloaded(self, request: PreloadRequest, server: PreloadedForkServer) -> None:
        conflict = request.conflict(server.names)
        if conflict is None:
            request.give(server, self._left_out)
        else:
            self._without(request, conflict)

    def _without(self, request: PreloadRequest, why: LeftOut) -> None:
        self._give(request, dict.fromkeys(request.modules, why))

    def _give(
        self, request: PreloadRequest, left_out: dict[str, LeftOut] | None = None, *, fresh: bool = False
    ) -> None:
        """Have its process forked by the clean fork server."""
        try:
            request.give(self._clean(), {**(left_out or {}), **self._left_out}, fresh=fresh)
        except LocationError as error:
            request.refuse(error)


def _top(module: str) -> str:
    return module.partition(".")[0]


def _importable(folder: str | None) -> frozenset[str]:
    """Give the top-level modules that are found in a folder before any that are installed."""
    if folder is None:
        return frozenset()
    names = set()
    suffixes = tuple(all_suffixes())
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith(suffixes):
                names.add(entry.name.partition(".")[0])
            elif any(os.path.isfile(os.path.join(entry.path, "__init__" + suffix)) for suffix in suffixes):
                names.add(entry.name)
    return frozenset(names)
