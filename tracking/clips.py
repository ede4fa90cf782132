"""Clips of this process's cameras for whoever saves them: asked for and sent aside, so that no lease waits for them."""

import threading
from collections.abc import Callable, Mapping

import redis
from loguru import logger

from cameras.capture.feed import Feed
from cameras.clips import send_clip, take_wanted

LOOK_SECS = 0.4
_AFTER_FAILURE_SECS = 2.0


class ClipDesk:
    """feeds: this process's cameras whose video is kept. While there are none, Redis is not asked at all."""

    def __init__(self, client: redis.Redis, feeds: Callable[[], Mapping[int, Feed]]):
        self._client, self._feeds = client, feeds
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="clips", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        self._thread.join(5)

    def step(self) -> None:
        """Answer everybody who waits. Raises redis.RedisError."""
        feeds = self._feeds()
        if not feeds:
            return
        for camera_id, token in take_wanted(self._client, feeds):
            clip = feeds[camera_id].clip()
            sent = send_clip(self._client, token, clip)
            size = clip.size if clip else 0
            logger.bind(camera_id=camera_id).debug("A clip of {} bytes was {}", size, "sent" if sent else "given up")

    def _run(self) -> None:
        wait_secs = LOOK_SECS
        while not self._stop.wait(wait_secs):
            try:
                self.step()
                wait_secs = LOOK_SECS
            except redis.RedisError as error:
                logger.debug("Nobody can ask for video, Redis is away: {}", error)
                wait_secs = _AFTER_FAILURE_SECS
