"""From the stream a camera sent to a file that every player opens: the same pictures in another wrapping."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

from django.utils.translation import gettext as _
from loguru import logger

from cameras.capture.ffmpeg import ffmpeg_path
from cameras.capture.ring import Clip
from cameras.clips import ClipError

REMUX_SECS = 10.0
# Each holds its video in memory for a moment and runs a program of its own.
MOST_AT_ONCE = 2
_PIECE = 1 << 18

_at_work = 0


@contextlib.asynccontextmanager
async def place() -> AsyncIterator[None]:
    """A place among the few that save at once in this process. Raises ClipError when all are taken."""
    global _at_work
    if _at_work >= MOST_AT_ONCE:
        raise ClipError(_("Others are saving video. Try again in a few seconds."), code="busy")
    _at_work += 1
    try:
        yield
    finally:
        _at_work -= 1


async def to_mp4(clip: Clip) -> BinaryIO:
    """An open file, MP4, that vanishes when it is closed. Raises ClipError and CaptureError."""
    said = ""
    try:
        with TemporaryDirectory(prefix="clip-") as folder:
            path = Path(folder) / "clip.mp4"
            said = await _run(_command(clip.codec, path), b"".join(clip.parts))
            return path.open("rb")
    except OSError as error:  # nothing was written, or there is no room for it
        logger.warning("A clip could not be written: {} {}", error, said)
        raise ClipError(_("The video could not be written. Try again; the log says more if it stays so.")) from error


async def pieces(file: BinaryIO) -> AsyncIterator[bytes]:
    """Its contents, a piece at a time; closes it."""
    with file:
        while piece := file.read(_PIECE):
            yield piece


def _command(codec: str, path: Path) -> list[str]:
    tag = ["-tag:v", "hvc1"] if codec == "hevc" else []  # Apple's players know H.265 by no other name
    return [
        ffmpeg_path(), "-hide_banner", "-nostats", "-loglevel", "error", "-f", "mpegts", "-i", "pipe:0",
        "-map", "0:v:0", "-c", "copy", *tag, "-movflags", "+faststart", "-f", "mp4", str(path),
    ]  # fmt: skip


async def _run(command: list[str], data: bytes) -> str:
    """What it said. Whatever it wrote is gone where it did not end well, or in time."""
    process = await asyncio.create_subprocess_exec(
        *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
    )
    said = b""
    try:
        async with asyncio.timeout(REMUX_SECS):
            _nothing, said = await process.communicate(data)
    except TimeoutError:
        said = b""
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        Path(command[-1]).unlink(missing_ok=True)
    return said.decode("utf-8", "replace").strip()[-500:]
