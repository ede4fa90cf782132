"""Capture through a program that says the size of its pictures first: GStreamer and OpenCV, each in its own process."""

import json
import re
import shutil
import subprocess
import sys
import threading
import time
from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

import numpy as np
from numpy.typing import NDArray

from cameras.address import Address, mask_text
from cameras.capture.child import Child
from cameras.capture.errors import CaptureError
from cameras.capture.ffmpeg import NETWORK_FORMATS, OPEN_SECS, PROTOCOLS, STALL_SECS
from cameras.capture.raw import PipeEndedError, PipeStalledError, RawReader
from cameras.capture.reasons import explain, stalled
from cameras.capture.resolve import refuse_forbidden_host
from cameras.capture.settings import CaptureSettings

_PROGRAMS = Path(__file__).with_name("programs")
_SIZE = re.compile(r"^size (\d+) (\d+) ([\d.]+)$")
_CHECK_SECS = 20
_IMPORT_GST = "import gi; gi.require_version('Gst', '1.0'); from gi.repository import Gst"


class AnnouncedSource:
    """See `cameras.capture.source.Source`. The job goes to the program over standard input, passwords and all."""

    note = ""
    tap = None

    def __init__(
        self, backend: str, command: list[str], job: dict, address: Address, settings: CaptureSettings,
        stop: threading.Event,
    ):  # fmt: skip
        self.backend = backend
        self._address, self._stop = address, stop
        self.width = self.height = 0
        self.nominal_fps: float | None = None
        self._sized = threading.Event()
        self._had_pictures = False
        refuse_forbidden_host(address, stop, allow_loopback=settings.allow_loopback)
        given = {"max_height": settings.max_height, "fps": settings.fps, "orientation": settings.orientation, **job}
        self._child = Child(
            command, script=json.dumps(given).encode(), hide=lambda line: mask_text(line, settings.url),
            on_line=self._see_line,
        )  # fmt: skip
        try:
            self._wait_for_size()
        except CaptureError:
            self._child.close()
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
            raise explain(self._child.ended(), self._address, had_pictures=self._had_pictures) from None
        except PipeStalledError:
            raise stalled(self._address, had_pictures=self._had_pictures) from None
        self._had_pictures = True
        return image

    def close(self) -> None:
        self._child.close()

    def _see_line(self, line: str) -> None:
        if found := _SIZE.match(line):
            self.width, self.height = int(found[1]), int(found[2])
            self.nominal_fps = float(found[3]) or None
            self._sized.set()

    def _wait_for_size(self) -> None:
        deadline = time.monotonic() + OPEN_SECS
        while not self._sized.wait(0.05) and not self._stop.is_set():
            if not self._child.is_running():
                lines = self._child.ended()
                if not self._sized.is_set():
                    raise explain(lines, self._address, had_pictures=False)
            if time.monotonic() > deadline:
                raise stalled(self._address, had_pictures=False)
        if not self._sized.is_set():
            raise CaptureError("stopped", "The capture was stopped before the camera answered.")


def open_gstreamer(address: Address, settings: CaptureSettings, stop: threading.Event) -> AnnouncedSource:
    """RTSP cameras and webcams; a graphics card's decoder is used where GStreamer has one. Raises CaptureError."""
    if address.kind not in ("rtsp", "webcam"):
        raise CaptureError("backend_unsuitable", "GStreamer is used for RTSP cameras and webcams only.")
    python = gstreamer_python()
    if python is None:
        raise CaptureError(
            "backend_missing",
            "GStreamer is not usable on this machine. Install gstreamer1.0-tools, its plugins and python3-gi.",
        )
    url, user, password = _without_password(address)
    job = {
        "url": url, "kind": address.kind, "user": user, "password": password, "transport": settings.transport,
    }  # fmt: skip
    command = [python, "-I", str(_PROGRAMS / "gstreamer.py")]
    return AnnouncedSource("gstreamer", command, job, address, settings, stop)


def open_opencv(address: Address, settings: CaptureSettings, stop: threading.Event) -> AnnouncedSource:
    """Network cameras and webcams. Raises CaptureError."""
    if not address.is_live:
        raise CaptureError("backend_unsuitable", "OpenCV is used for cameras only, not for video files.")
    options = []
    if address.kind in PROTOCOLS:
        # What an address may lead to, as with FFmpeg: nothing opened over the network may name a local file.
        options = [f"protocol_whitelist;{PROTOCOLS[address.kind]}", f"format_whitelist;{NETWORK_FORMATS}"]
    if address.kind == "rtsp":
        options.append(f"rtsp_transport;{settings.transport}")
    job = {"url": address.url, "kind": address.kind, "options": "|".join(options)}
    command = [sys.executable, "-I", str(_PROGRAMS / "opencv.py")]
    return AnnouncedSource("opencv", command, job, address, settings, stop)


@lru_cache(maxsize=1)
def gstreamer_python() -> str | None:
    """A Python that can drive GStreamer, None where there is none or GStreamer itself does not run. Asked once."""
    if not _runs(["gst-launch-1.0", "--version"]):
        return None
    candidates = dict.fromkeys(filter(None, [sys.executable, shutil.which("python3", path="/usr/bin:/usr/local/bin")]))
    return next((python for python in candidates if _runs([python, "-I", "-c", _IMPORT_GST])), None)


def _runs(command: list[str]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, timeout=_CHECK_SECS, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def _without_password(address: Address) -> tuple[str, str, str]:
    if address.kind != "rtsp":
        return address.url, "", ""
    parts = urlsplit(address.url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=host)), unquote(parts.username or ""), unquote(parts.password or "")
