"""A capture program as a child process that can neither outlive its parent nor block it."""

import os
import re
import shutil
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from functools import lru_cache

from crowdsite.log_context import inherited

KEPT_LINES = 40
LINE_LENGTH = 500
TERMINATE_SECS = 0.6

# Where setpriv is missing: set the death signal, then become the program.
_EXEC_WITH_DEATH_SIGNAL = (
    "import ctypes, os, sys; ctypes.CDLL(None).prctl(1, 9, 0, 0, 0); os.execvp(sys.argv[1], sys.argv[1:])"
)


class Child:
    """Standard output is a pipe of raw pictures; standard error is drained at once and its last lines are kept.

    The kernel kills the child when the *thread* that started it ends, so start it from the thread that reads it.
    hide: applied to each line before it is kept or seen. on_line: called for each line, in a thread of its own.
    pass_fds: file descriptors that it inherits under their numbers.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        script: bytes | None = None,
        hide: Callable[[str], str] = str,
        on_line: Callable[[str], None] = lambda line: None,
        pass_fds: tuple[int, ...] = (),
    ):
        self._hide, self._on_line = hide, on_line
        self._lines: deque[str] = deque(maxlen=KEPT_LINES)
        self._process = subprocess.Popen(
            [*_death_signal_prefix(), *command],
            stdin=subprocess.PIPE if script is not None else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            pass_fds=pass_fds,
            # Ctrl-C in a terminal goes to the parent alone, which ends its children in order.
            start_new_session=True,
        )
        if script is not None:
            self._send(script)
        _enlarge(self.stdout)
        self._drain = threading.Thread(target=inherited(self._drain_errors), name=f"stderr-{self.pid}", daemon=True)
        self._drain.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def stdout(self) -> int:
        """File descriptor."""
        return self._process.stdout.fileno()  # type: ignore[union-attr]

    @property
    def lines(self) -> list[str]:
        """The last lines of standard error, oldest first."""
        return list(self._lines)

    def is_running(self) -> bool:
        return self._process.poll() is None

    def ended(self) -> list[str]:
        """Wait for a child that closed its output, and return its last words."""
        self.close()
        return self.lines

    def close(self) -> None:
        """Gone within about a second, stopped or not. Politely first: cameras count open sessions."""
        if self._process.stdout and not self._process.stdout.closed:
            self._process.stdout.close()
        if self.is_running():
            self._process.terminate()
            try:
                self._process.wait(TERMINATE_SECS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._drain.join(1)
        if self._process.stderr and not self._drain.is_alive():
            self._process.stderr.close()

    def _send(self, script: bytes) -> None:
        # A script is smaller than a pipe's buffer, so this cannot block.
        try:
            self._process.stdin.write(script)  # type: ignore[union-attr]
            self._process.stdin.close()  # type: ignore[union-attr]
        except BrokenPipeError:
            return  # it ended at once; its last words say why

    def _drain_errors(self) -> None:
        rest = ""
        stream = self._process.stderr.fileno()  # type: ignore[union-attr]
        while chunk := os.read(stream, 65536):
            *lines, rest = re.split(r"[\r\n]+", rest + chunk.decode("utf-8", "replace"))
            rest = rest[-LINE_LENGTH:]  # a flood without line ends must not fill the memory
            for line in lines:
                self._keep(line)
        self._keep(rest)

    def _keep(self, line: str) -> None:
        if line.strip():
            line = self._hide(line[:LINE_LENGTH])
            self._lines.append(line)
            self._on_line(line)


@lru_cache(maxsize=1)
def _death_signal_prefix() -> tuple[str, ...]:
    if sys.platform != "linux":
        return ()
    setpriv = shutil.which("setpriv")
    if setpriv:
        # BusyBox has a setpriv without this option.
        tried = subprocess.run([setpriv, "--pdeathsig", "KILL", "true"], capture_output=True, check=False)
        if tried.returncode == 0:
            return (setpriv, "--pdeathsig", "KILL")
    return (sys.executable, "-I", "-S", "-c", _EXEC_WITH_DEATH_SIGNAL)


def _enlarge(pipe: int) -> None:
    """Fewer, larger reads. Not every kernel grants it, and nothing depends on it."""
    if sys.platform == "linux":
        import fcntl

        try:
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, 1 << 20)
        except OSError:
            return
