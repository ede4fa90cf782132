"""Capture through one ffmpeg process per camera, which scales, drops and turns."""

import re
import shutil
import threading
import time
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from cameras.address import Address, mask_text
from cameras.capture.child import Child
from cameras.capture.errors import CaptureError
from cameras.capture.filters import filter_chain
from cameras.capture.flags import LIVE_ONLY, Flags, split_flags
from cameras.capture.raw import PipeEndedError, PipeStalledError, RawReader
from cameras.capture.reasons import explain, stalled
from cameras.capture.resolve import refuse_forbidden_host
from cameras.capture.settings import CaptureSettings
from cameras.capture.tap import Tap, queued_pictures
from crowdsite.log_rate import LimitedLines

OPEN_SECS = 12.0
STALL_SECS = 5.0
CONNECT_SECS = 4

# What an address may lead to. Nothing opened over the network may name a file of this machine, and ffmpeg's "tty"
# format would play any text file as a film.
PROTOCOLS = {
    "rtsp": "pipe,fd,rtsp,rtsps,rtp,srtp,udp,tcp,tls,http,https,httpproxy",
    "http": "pipe,fd,http,https,httpproxy,tcp,tls,crypto",
    "file": "file",
}
NETWORK_FORMATS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,flv,live_flv,asf,asf_o,h264,hevc,vvc,av1,obu,ivf,m4v,"
    "mjpeg,mpjpeg,jpeg_pipe,png_pipe,ogg,nut,gif,rm,mxf,dv,wtv,yuv4mpegpipe,hls,applehttp,dash,rtsp,sdp,rtp,concat"
)
_RECORDED = re.compile(r"\.(mp4|m4v|mov|mkv|webm|avi|ts|flv|m3u8|mpd)$", re.IGNORECASE)

_VIDEO = re.compile(r"Stream #\d+.*?: Video: (?P<codec>\w+).*?[ ,](?P<width>\d{2,5})x(?P<height>\d{2,5})\b(?P<rest>.*)")
_FPS = re.compile(r"([\d.]+) fps\b")


@lru_cache(maxsize=1)
def ffmpeg_path() -> str:
    """ffmpeg on PATH, else the one inside imageio-ffmpeg. Raises CaptureError where there is none."""
    found = shutil.which("ffmpeg")
    if found:
        return found
    try:
        from imageio_ffmpeg import get_ffmpeg_exe

        return str(get_ffmpeg_exe())
    except (ImportError, RuntimeError):
        raise CaptureError(
            "ffmpeg_missing",
            "This machine has no ffmpeg. Install it, for example with: apt-get install ffmpeg.",
            permanent=True,
        ) from None


class FfmpegSource:
    """Opens in its constructor: returns with the size of the pictures known. See `cameras.capture.source.Source`."""

    backend = "ffmpeg"

    def __init__(self, address: Address, settings: CaptureSettings, stop: threading.Event):
        self._address, self._stop = address, stop
        self.width = self.height = 0
        self.nominal_fps: float | None = None
        self.note = ""
        self._input: tuple[int, int] | None = None
        self._sized = threading.Event()
        self._spoken = LimitedLines("ffmpeg")
        self._had_pictures = False
        command, script = ffmpeg_command(ffmpeg_path(), address, settings)
        refuse_forbidden_host(address, stop, allow_loopback=settings.allow_loopback)
        self.tap = Tap(settings.kept_secs) if settings.keeps_video else None
        self._child = self._start(command, script, settings.url)
        try:
            self._wait_for_size()
        except CaptureError:
            self.close()
            raise
        self._reader = RawReader(self._child.stdout, self.width, self.height, stop)
        self._stall_secs = max(STALL_SECS, 3 / settings.fps, 3 / self.nominal_fps if self.nominal_fps else 0)

    @property
    def pid(self) -> int:
        return self._child.pid

    def read(self) -> NDArray[np.uint8] | None:
        try:
            image = self._reader.read(self._stall_secs if self._had_pictures else OPEN_SECS)
        except PipeEndedError:
            lines = self._child.ended()
            raise explain(lines, self._address, had_pictures=self._had_pictures) from None
        except PipeStalledError:
            raise stalled(self._address, had_pictures=self._had_pictures, detail=self._last_line()) from None
        self._had_pictures = True
        return image

    def close(self) -> None:
        self._child.close()
        if self.tap:
            self.tap.close()

    def _start(self, command: list[str], script: bytes | None, url: str) -> Child:
        tap = self.tap
        try:
            child = Child(
                [*command, *(tap.arguments if tap else [])],
                script=script,
                hide=lambda line: mask_text(line, url),
                on_line=self._see_line,
                pass_fds=(tap.pipe,) if tap else (),
            )
        except OSError:
            if tap:
                tap.discard()
            raise
        if tap:
            tap.start()
        return child

    def _wait_for_size(self) -> None:
        deadline = time.monotonic() + OPEN_SECS
        while not self._sized.wait(0.05) and not self._stop.is_set():
            if not self._child.is_running():
                lines = self._child.ended()
                if not self._sized.is_set():
                    raise explain(lines, self._address, had_pictures=False)
            if time.monotonic() > deadline:
                raise stalled(self._address, had_pictures=False, detail=self._last_line())
        if not self._sized.is_set():
            raise CaptureError("stopped", "The capture was stopped before the camera answered.")

    def _see_line(self, line: str) -> None:
        self._spoken.debug(line)
        found = _VIDEO.search(line)
        if not found or self._sized.is_set():
            return
        size = int(found["width"]), int(found["height"])
        if found["codec"] != "rawvideo" or "bgr24" not in line:
            self._input = self._input or size
            fps = _FPS.search(found["rest"])
            self.nominal_fps = self.nominal_fps or (float(fps[1]) or None if fps else None)
            return
        self.width, self.height = size
        if self._input and min(self._input) > 2160:
            self.note = (
                f"The camera sends {self._input[0]} x {self._input[1]} pixels; they are reduced to "
                f"{self.width} x {self.height}. Its sub-stream would spare this machine much work."
            )
        self._sized.set()

    def _last_line(self) -> str:
        return (self._child.lines or [""])[-1]


def ffmpeg_command(program: str, address: Address, settings: CaptureSettings) -> tuple[list[str], bytes | None]:
    """The command, and the text for its standard input.

    Network addresses go in as a one-line playlist over standard input: what stands on a command line, passwords and
    all, can be read by every user of the machine.
    """
    flags = split_flags(settings.ffmpeg_flags)
    decoder = {**flags.decoder}
    if not address.is_live:
        decoder = {name: value for name, value in decoder.items() if name not in LIVE_ONLY}
    source, script = _input(address, settings, flags)
    chain = filter_chain(fps=settings.fps, max_height=settings.max_height, orientation=settings.orientation)
    pictures = queued_pictures() if settings.keeps_video else ["-f", "rawvideo"]
    command = [
        program, "-hide_banner", "-nostdin", "-nostats", "-loglevel", "info", *_as_arguments(decoder), *source,
        "-map", "0:v:0", "-an", "-sn", "-dn", "-vf", chain, "-fps_mode", "passthrough",
        *pictures, "-pix_fmt", "bgr24", "pipe:1",
    ]  # fmt: skip
    return command, script


def _input(address: Address, settings: CaptureSettings, flags: Flags) -> tuple[list[str], bytes | None]:
    if address.kind == "webcam":
        return [*_as_arguments(flags.demuxer), "-f", "v4l2", "-i", address.url], None
    if address.kind == "file":
        options = {name: value for name, value in flags.demuxer.items() if name not in LIVE_ONLY}
        limits = ["-protocol_whitelist", PROTOCOLS["file"], "-format_whitelist", NETWORK_FORMATS]
        # AVI frames carry no presentation times; without made-up ones they start again at nought with every round, and
        # neither the tempo nor the rate limit would hold from then on.
        tempo = ["-fflags", "+genpts", "-re", "-stream_loop", "-1"]
        return [*_as_arguments(_only_general(options)), *limits, *tempo, "-i", f"file:{address.url}"], None
    recorded = address.kind == "http" and _RECORDED.search(address.url.partition("?")[0])
    options = {"fpsprobesize": "0", **_network_options(address, settings, bool(recorded)), **flags.demuxer}
    if address.kind != "rtsp":
        options = _without_rtsp(options)
    limits = ["-protocol_whitelist", PROTOCOLS[address.kind], "-format_whitelist", NETWORK_FORMATS]
    outer = ["-analyzeduration", "0", "-fpsprobesize", "0", *limits, *(["-re"] if recorded else [])]
    return [*outer, "-f", "concat", "-safe", "0", "-i", "pipe:0"], _playlist(address.url, options)


def _network_options(address: Address, settings: CaptureSettings, recorded: bool) -> dict[str, str]:
    # Microseconds. Without it a camera that vanished holds the connection for minutes.
    if address.kind == "rtsp":
        return {"rtsp_transport": settings.transport, "timeout": str(CONNECT_SECS * 1_000_000)}
    options = {"rw_timeout": str(CONNECT_SECS * 1_000_000)}
    # Motion JPEG carries no times: without this the rate limit would believe in 25 a second.
    return options if recorded else {**options, "use_wallclock_as_timestamps": "1"}


def _without_rtsp(options: dict[str, str]) -> dict[str, str]:
    rtsp = {"rtsp_transport", "rtsp_flags", "allowed_media_types", "reorder_queue_size", "timeout"}
    return {name: value for name, value in options.items() if name not in rtsp}


def _only_general(options: dict[str, str]) -> dict[str, str]:
    """Those that every format knows; ffmpeg refuses a file with an option of RTSP."""
    general = {"analyzeduration", "fpsprobesize", "max_delay", "probesize"}
    return {name: value for name, value in options.items() if name in general}


def _as_arguments(options: dict[str, str]) -> list[str]:
    return [word for name, value in options.items() for word in (f"-{name}", value)]


def _playlist(url: str, options: dict[str, str]) -> bytes:
    lines = ["ffconcat version 1.0", f"file {_quoted(url)}"]
    lines += [f"option {name} {_quoted(value)}" for name, value in options.items()]
    return ("\n".join(lines) + "\n").encode()


def _quoted(text: str) -> str:
    return "'" + text.replace("'", r"'\''") + "'"
