"""What a capture needs to know about its camera."""

from dataclasses import dataclass, field
from pathlib import Path

# The shorter side of the picture is reduced to this many pixels; "original" is bounded so that an 8K camera cannot
# fill the memory.
MAX_HEIGHT = {"480p": 480, "720p": 720, "1080p": 1080, "original": 2160}

DEFAULT_FFMPEG_FLAGS = "-flags low_delay -fflags nobuffer"
DEFAULT_BACKENDS = ("ffmpeg", "gstreamer", "opencv")


@dataclass(frozen=True, slots=True)
class CaptureSettings:
    """Equal settings mean an equal capture: a loop opens its feed again when they differ.

    url: with its password, so it is left out of `repr`. max_height: pixels of the shorter side, before turning.
    orientation: normal, rotate_90 (to the right), rotate_180, rotate_270, mirror (left to right) or flip (top to
    bottom). fps: at most this many pictures a second cross the pipe. backend_priority: programs to try, in
    order. buffer: pictures that may wait to be taken. keeps_video: whether its own video is kept besides, kept_secs:
    for how many seconds (at work without opening again). folders: where video files may lie.
    allow_loopback: whether the machine's own services may be opened; asked of a camera when it is saved.
    """

    url: str = field(repr=False)
    transport: str = "tcp"
    max_height: int = MAX_HEIGHT["original"]
    orientation: str = "normal"
    fps: float = 10.0
    ffmpeg_flags: str = DEFAULT_FFMPEG_FLAGS
    backend_priority: tuple[str, ...] = DEFAULT_BACKENDS
    buffer: int = 1
    keeps_video: bool = False
    kept_secs: int = field(default=0, compare=False)
    folders: tuple[Path, ...] = ()
    allow_loopback: bool = True
