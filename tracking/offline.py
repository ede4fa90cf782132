"""Video files instead of cameras: the same pipeline, as fast as the machine reads."""

import math
import os
import stat
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from cameras.frames import Frame
from crowdsite.errors import CrowdsiteError
from tracking.engines import Engine
from tracking.gates import SceneGate, SceneRules
from tracking.geometry import Line, Size
from tracking.line_counter import Crossing, LineCounter
from tracking.pipeline import Pipeline, StepResult
from tracking.tracker import Tracker

_ASSUMED_FPS = 25.0
_TEXT = int.from_bytes(b"ansi", "little")
"""The codec FFmpeg finds in plain text, which it is willing to play as a terminal's screen."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Which pictures of a video are analysed: every `every`-th, or `fps` a second of it, or all."""

    every: int = 1
    fps: float | None = None

    def takes(self, index: int, video_fps: float) -> bool:
        """Whether picture `index` (from 0) is one of them."""
        if self.fps is None:
            return index % self.every == 0
        step = self.fps / video_fps
        return index == 0 or math.floor(index * step + 1e-9) > math.floor((index - 1) * step + 1e-9)


class Video:
    """An open video file. CrowdsiteError with a sentence where it cannot be read.

    size: (width, height) as shown. fps: pictures a second as the file states them. length: pictures the file states, 0
    when it does not. read: pictures read so far.
    """

    def __init__(self, path: Path):
        _check_file(path)
        self._capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
        is_text = int(self._capture.get(cv2.CAP_PROP_FOURCC)) == _TEXT
        if is_text or not self._capture.isOpened() or not self._capture.grab():
            self._capture.release()
            raise CrowdsiteError(f"The file {path} is not a video that can be read. Choose a video file such as MP4.")
        self._grabbed = True
        first = self._retrieve()
        self.size: Size = (first.shape[1], first.shape[0])
        fps = self._capture.get(cv2.CAP_PROP_FPS)
        self.fps = float(fps) if math.isfinite(fps) and 0 < fps <= 1000 else _ASSUMED_FPS
        self.length = max(int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT)), 0)
        self.read = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._capture.release()

    def frames(self, pace: Pace) -> Iterator[Frame]:
        """The pictures to analyse, once. `captured_at` is the time since the start of the video."""
        while self._grabbed:
            if pace.takes(self.read, self.fps):
                yield Frame(self._retrieve(), self.read / self.fps, self.read)
            self.read += 1
            # A picture that is not analysed is never converted to BGR.
            self._grabbed = self._capture.grab()

    def _retrieve(self) -> NDArray[np.uint8]:
        ok, image = self._capture.retrieve()
        if not ok:
            raise CrowdsiteError("The video is damaged: a picture of it cannot be decoded.")
        return np.asarray(image, np.uint8)


@dataclass(frozen=True, slots=True)
class OfflineCount:
    """frames: pictures in the video. analysed: pictures looked at. seconds: it took. crossings: a list per line."""

    frames: int
    analysed: int
    seconds: float
    crossings: tuple[tuple[Crossing, ...], ...]


def count_video(
    video: Video,
    lines: Sequence[Line],
    engine: Engine,
    *,
    pace: Pace,
    track: Collection[str],
    scene: SceneRules | None = None,
    watch: Callable[[Frame, StepResult], None] | None = None,
) -> OfflineCount:
    """Count who crosses each of `lines` (0-1). `track`: class names to follow. scene: pictures to spare the detector,
    none without it. `watch` sees every picture that was counted by."""
    started = time.perf_counter()
    counters = [LineCounter(line, index=index) for index, line in enumerate(lines)]
    pipeline = Pipeline(
        lambda frame: engine.detect([frame.image])[0], Tracker(), counters, labels=engine.labels, track=track
    )
    crossings: list[Crossing] = []
    gate = SceneGate(scene or SceneRules())
    analysed, occupied = 0, False
    for frame in video.frames(pace):
        if gate.admits(frame.image, frame.captured_at, occupied=occupied):
            result = pipeline.step(frame)
            analysed, occupied = analysed + 1, len(pipeline.tracker) > 0
        else:
            result = pipeline.repeat(frame)
        crossings += result.crossings
        if watch:
            watch(frame, result)
    crossings += pipeline.finish()
    crossings.sort(key=lambda crossing: crossing.captured_at)
    by_line = tuple(tuple(c for c in crossings if c.line == index) for index in range(len(lines)))
    return OfflineCount(video.read, analysed, time.perf_counter() - started, by_line)


def _check_file(path: Path) -> None:
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise CrowdsiteError(f"The video {path} cannot be opened: {os.strerror(error.errno or 0)}.") from error
    if not stat.S_ISREG(mode):
        raise CrowdsiteError(f"{path} is not a file. Give the path of a video.")
