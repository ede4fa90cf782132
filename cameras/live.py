"""Live pictures, the camera loop's side: encoded and published only while somebody watches.

Viewers' hubs (`cameras.hub`) say so by a key that they renew. A published picture is an 8-byte big-endian double, its
`captured_at`, and a JPEG.
"""

import struct
import time
from collections.abc import Callable
from typing import Any, Literal

import cv2
import numpy as np
import redis
from loguru import logger
from numpy.typing import NDArray

Kind = Literal["clean", "annotated", "still"]
KINDS: tuple[Kind, ...] = ("clean", "annotated", "still")

VIEWER_SECS = 5
STILL_VIEWER_SECS = 10
STILL_SECS = 10
JPEG_QUALITY = 80
# A picture older than this is not shown as live.
FRESH_SECS = 3.0

_ASK_SECS = 0.5
_AFTER_FAILURE_SECS = 2.0
_INTERVAL_SECS = {"clean": 0.1, "annotated": 0.1, "still": 1.0}
# This much early is near enough, so that pictures at just the rate are not halved by jitter.
_EARLY_SECS = 0.05
_WIDTH = {"clean": 1280, "annotated": 1280, "still": 640}
_STAMP = struct.Struct(">d")


def viewer_key(camera_id: int, kind: str) -> str:
    return f"cameras:viewer:{camera_id}:{kind}"


def picture_channel(camera_id: int, kind: str) -> str:
    return f"cameras:picture:{camera_id}:{kind}"


def still_key(camera_id: int) -> str:
    return f"cameras:still:{camera_id}"


def pack(jpeg: bytes, captured_at: float) -> bytes:
    return _STAMP.pack(captured_at) + jpeg


def unpack(message: bytes) -> tuple[float, bytes]:
    """(captured_at in unix seconds, JPEG)."""
    return float(_STAMP.unpack_from(message)[0]), message[_STAMP.size :]


class LivePublisher:
    """One camera's pictures for whoever watches. Used by one thread at a time.

    Redis being away costs pictures and nothing else: neither method raises for it. steady: seconds of a steady clock,
    clock: unix seconds.
    """

    def __init__(
        self,
        client: redis.Redis,
        camera_id: int,
        *,
        steady: Callable[[], float] = time.monotonic,
        clock: Callable[[], float] = time.time,
    ):
        self._client, self._camera_id = client, camera_id
        self._steady, self._clock = steady, clock
        self._watched: frozenset[Kind] = frozenset()
        self._ask_at = 0.0
        self._due: dict[str, float] = dict.fromkeys(KINDS, 0.0)
        self._is_away = False
        self.failures = 0

    def wanted(self) -> frozenset[Kind]:
        """The kinds that somebody watches and whose next picture is due now. Asks Redis twice a second at most."""
        now = self._steady()
        if now >= self._ask_at:
            self._ask_at = now + _ASK_SECS
            keys = [viewer_key(self._camera_id, kind) for kind in KINDS]
            replies = self._try(lambda: self._client.mget(keys)) or [None] * len(KINDS)
            self._watched = frozenset(kind for kind, reply in zip(KINDS, replies, strict=True) if reply is not None)
        return frozenset(kind for kind in self._watched if now >= self._due[kind] - _EARLY_SECS)

    def publish(self, kind: Kind, image: NDArray[np.uint8], captured_at: float) -> bool:
        """image: uint8 (H, W, 3) BGR. False when it was not sent: not due, not fresh, or Redis is away."""
        now = self._steady()
        interval = _INTERVAL_SECS[kind]
        is_due = now >= self._due[kind] - _EARLY_SECS
        is_paused = now < self._ask_at - _ASK_SECS
        if not is_due or is_paused or self._clock() - captured_at > FRESH_SECS:
            return False
        self._due[kind] = (self._due[kind] if self._due[kind] > now - interval else now) + interval
        message = pack(encode(image, _WIDTH[kind]), captured_at)
        if kind == "still":
            sent = self._try(lambda: self._client.set(still_key(self._camera_id), message, ex=STILL_SECS))
        else:
            sent = self._try(lambda: self._client.publish(picture_channel(self._camera_id, kind), message))
        return sent is not None

    def _try(self, command: Callable[[], Any]) -> Any:
        """The command's answer; None when Redis is away, which is said once."""
        try:
            answer = command()
        except redis.RedisError as error:
            self.failures += 1
            # A hanging server costs seconds a command: leave it alone for a while.
            self._watched, self._ask_at = frozenset(), self._steady() + _AFTER_FAILURE_SECS
            if not self._is_away:
                logger.warning("Live pictures of camera {} pause, Redis is away: {}", self._camera_id, error)
            self._is_away = True
            return None
        self._is_away = False
        return answer


def encode(image: NDArray[np.uint8], max_width: int) -> bytes:
    """JPEG of uint8 (H, W, 3) BGR, reduced to `max_width` pixels where it is wider."""
    height, width = image.shape[:2]
    if width > max_width:
        size = (max_width, max(round(height * max_width / width), 1))
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    done, jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if not done:
        raise ValueError(f"a picture of {width} x {height} cannot be written as JPEG")
    return jpeg.tobytes()
