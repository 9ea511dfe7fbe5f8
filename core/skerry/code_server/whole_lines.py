"""Lines in one piece: what several processes write comes out by lines, not by what happened to come at once."""

from __future__ import annotations

from collections.abc import Callable

from skerry.code_server.supervisor import Supervisor, Timer

#: Seconds that the beginning of a line waits for its end; then it is passed on as it is: it may be a prompt.
HOLD = 2.0
#: Bytes of one line that wait.
_LONGEST = 64 * 1024


class WholeLines:
    """Passes on what one process writes, by whole lines. From the supervising thread only.

    A line may come in pieces, as each ``print`` does where PYTHONUNBUFFERED is set; what others write to the same
    place would come between them.
    """

    def __init__(self, supervisor: Supervisor, pass_on: Callable[[bytes], None]) -> None:
        self._supervisor = supervisor
        self._pass_on = pass_on
        self._begun = b""
        self._timer: Timer | None = None

    def take(self, data: bytes) -> None:
        """Take what was written."""
        end = max(data.rfind(b"\n"), data.rfind(b"\r")) + 1  # a bar of progress ends what it draws by going back
        if end:
            whole, self._begun = self._begun + data[:end], b""
            self._keep_time()
            self._pass_on(whole)
        self._begun += data[end:]
        if len(self._begun) > _LONGEST:
            self.let_go()
        self._keep_time()

    def let_go(self) -> None:
        """Pass on what waits, as it is. Idempotent."""
        begun, self._begun = self._begun, b""
        self._keep_time()
        if begun:
            self._pass_on(begun)

    def _keep_time(self) -> None:
        if not self._begun and self._timer is not None:
            self._timer.cancel()
            self._timer = None
        elif self._begun and self._timer is None:
            self._timer = self._supervisor.call_later(HOLD, self.let_go)
