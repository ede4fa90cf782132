"""A second way out of a capture process: its video as the camera sent it, kept for the last seconds."""

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from cameras.capture.ring import PMT_PID, VIDEO_PID, Clip, VideoRing
from crowdsite.log_context import inherited

_READ = 1 << 18
# Written from a queue of their own where there is a copy beside them: else nobody reading them would stop the copy too.
_PICTURES_QUEUED = 4
CODEC_UNSUITABLE = "This camera's video is neither H.264 nor H.265, so its last seconds are not kept."


@dataclass(frozen=True, slots=True)
class Kept:
    """secs: of video that could be saved now. problem: why there will be none, in a sentence, or ""."""

    secs: float = 0.0
    problem: str = ""


def queued_pictures() -> list[str]:
    """FFmpeg's format of the pictures beside a copy."""
    return [
        "-c:v", "rawvideo", "-f", "fifo", "-fifo_format", "rawvideo",
        "-queue_size", str(_PICTURES_QUEUED), "-drop_pkts_on_overflow", "1",
    ]  # fmt: skip


class Tap:
    """Made before the program is started, which inherits `pipe`. Its thread drains at once whatever comes.

    secs: how much is kept. clock: unix seconds.
    """

    def __init__(self, secs: float, *, clock: Callable[[], float] = time.time):
        self._ring = VideoRing(secs)
        self._clock = clock
        self._out, self.pipe = os.pipe()
        self._thread = threading.Thread(target=inherited(self._drain), name="tap", daemon=True)

    @property
    def arguments(self) -> list[str]:
        """FFmpeg's second output: a copy behind a queue of its own, so that neither output can block the other.

        Trouble of the copy is the copy's alone: it is begun anew a second later, with a key frame.
        """
        return [
            "-map", "0:v:0", "-an", "-sn", "-dn", "-c", "copy", "-f", "fifo", "-fifo_format", "mpegts",
            "-drop_pkts_on_overflow", "1", "-restart_with_keyframe", "1",
            "-attempt_recovery", "1", "-recover_any_error", "1", "-recovery_wait_time", "1",
            "-format_opts", f"mpegts_pmt_start_pid={PMT_PID}:mpegts_start_pid={VIDEO_PID}",
            f"pipe:{self.pipe}",
        ]  # fmt: skip

    def kept(self) -> Kept:
        if self._ring.is_unsuitable:
            return Kept(problem=CODEC_UNSUITABLE)
        return Kept(min(self._ring.held_secs(), self._ring.secs))

    def clip(self) -> Clip | None:
        """What is held; None while there is nothing."""
        return self._ring.clip()

    def keep(self, secs: float) -> None:
        """From now on keep `secs` seconds."""
        self._ring.secs = secs

    def start(self) -> None:
        """The program runs: it alone writes now, and its end is the end of the stream."""
        os.close(self.pipe)
        self._thread.start()

    def discard(self) -> None:
        """The program could not be started."""
        os.close(self.pipe)
        os.close(self._out)

    def close(self) -> None:
        """After the program ended."""
        self._thread.join(1)

    def _drain(self) -> None:
        try:
            while data := os.read(self._out, _READ):
                self._ring.write(data, self._clock())
        finally:
            os.close(self._out)
