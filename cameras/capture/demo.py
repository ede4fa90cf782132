"""The demo camera as a source: its scene is drawn here, at its own rate, and needs no camera and no file."""

import math
import threading
import time

import cv2
import numpy as np
from numpy.typing import NDArray

from cameras.address import Address
from cameras.capture.errors import CaptureError
from cameras.capture.settings import CaptureSettings
from cameras.demo import DemoScene
from crowdsite.errors import NotAvailable

_TURN = {
    "normal": lambda image: image,
    "rotate_90": lambda image: cv2.rotate(image, cv2.ROTATE_90_CLOCKWISE),
    "rotate_180": lambda image: cv2.rotate(image, cv2.ROTATE_180),
    "rotate_270": lambda image: cv2.rotate(image, cv2.ROTATE_90_COUNTERCLOCKWISE),
    "mirror": lambda image: cv2.flip(image, 1),
    "flip": lambda image: cv2.flip(image, 0),
}


class DemoSource:
    """See `cameras.capture.source.Source`. Drawn by the thread that reads it, for the moment at which it is read."""

    backend = "demo"
    tap = None

    def __init__(self, address: Address, settings: CaptureSettings, stop: threading.Event):
        self._stop, self._settings = stop, settings
        self._fps = min(float(DemoScene.FPS), settings.fps)
        self.nominal_fps: float | None = self._fps
        self.note = ""
        self._tick = 0
        try:
            self._scene = DemoScene()
            self.height, self.width = self._draw(time.time()).shape[:2]
        except NotAvailable as error:
            raise CaptureError(error.code, error.message, permanent=True) from error

    def read(self) -> NDArray[np.uint8] | None:
        # Pictures fall on a fixed grid of times, so that a slow drawing does not shift all later ones.
        now = time.time()
        self._tick = max(self._tick + 1, math.floor(now * self._fps))
        due = self._tick / self._fps
        if self._stop.wait(max(due - now, 0)):
            return None
        return self._draw(due)

    def close(self) -> None:
        """Nothing is held open."""

    def _draw(self, at: float) -> NDArray[np.uint8]:
        image = self._scene.frame_at(at)
        shorter = min(image.shape[:2])
        if shorter > self._settings.max_height:
            scale = self._settings.max_height / shorter
            image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        return np.ascontiguousarray(_TURN[self._settings.orientation](image))
