"""Live pictures of this process's cameras: encoded and published aside, and only while somebody watches."""

import threading
from dataclasses import dataclass

import redis

from cameras.frames import Frame
from cameras.live import LivePublisher
from tracking.overlay import Overlay, draw


@dataclass(frozen=True, slots=True)
class Offer:
    """The newest analysed picture of a camera and what is to be drawn on it."""

    frame: Frame
    overlay: Overlay


class PictureDesk:
    """Takes the newest picture of each camera from its loop and publishes it from a thread of its own.

    A picture that was not published before the next one came is dropped: viewers see the newest.
    """

    def __init__(self, client: redis.Redis):
        self._client = client
        self._lock = threading.Lock()
        self._offers: dict[int, Offer] = {}
        self._publishers: dict[int, LivePublisher] = {}
        self._news = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pictures", daemon=True)
        self._thread.start()

    def offer(self, camera_id: int, offer: Offer) -> None:
        """Never blocks."""
        with self._lock:
            self._offers[camera_id] = offer
        self._news.set()

    def forget(self, camera_id: int) -> None:
        """The camera's loop ended."""
        with self._lock:
            self._offers.pop(camera_id, None)
            self._publishers.pop(camera_id, None)

    def close(self) -> None:
        self._stop.set()
        self._news.set()
        self._thread.join(5)

    def _run(self) -> None:
        while not self._stop.is_set():
            self._news.wait()
            self._news.clear()
            with self._lock:
                offers, self._offers = self._offers, {}
            for camera_id, offer in offers.items():
                self._publish(camera_id, offer)

    def _publish(self, camera_id: int, offer: Offer) -> None:
        with self._lock:
            publisher = self._publishers.setdefault(camera_id, LivePublisher(self._client, camera_id))
        wanted = publisher.wanted()
        for kind in ("clean", "still"):
            if kind in wanted:
                publisher.publish(kind, offer.frame.image, offer.frame.captured_at)
        if "annotated" in wanted:
            publisher.publish("annotated", draw(offer.frame.image, offer.overlay), offer.frame.captured_at)
