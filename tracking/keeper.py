"""Once a second, for all camera loops of this process: renew leases, bring configuration, write status.

One thread does all talking to Redis, so that a loop never waits for it. While Redis is away the loops go on counting.
"""

import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass

import redis
from django.db import OperationalError
from loguru import logger

from cameras.selectors import CameraConfig, camera_config
from cameras.status import clear_status, write_status
from crowdsite.clock import now, site_day
from tracking.counters import day_counts
from tracking.demo_tally import note_demo
from tracking.lease import RENEW_SECS, Lease
from tracking.loop import CameraLoop, LoopSettings
from tracking.loop_status import loop_status
from tracking.node_status import NodeStatus, clear_node, forget_gone, write_node

REDIS_AWAY = (redis.RedisError, OperationalError)
FORGET_SECS = 60


@dataclass(frozen=True, slots=True)
class Kept:
    """A running loop with its lease. revoked: whether somebody revoked its task."""

    loop: CameraLoop
    lease: Lease
    revoked: Callable[[], bool]


class Keeper:
    """`add` a loop and it is looked after until `remove`. read_settings: the installation's current settings.

    node_status: what the node says of itself besides its cameras.
    """

    def __init__(
        self,
        client: redis.Redis,
        *,
        node: str,
        read_settings: Callable[[], LoopSettings],
        node_status: Callable[[], NodeStatus] | None = None,
    ):
        self._client = client
        self._node_status = node_status
        self._node = node
        self._read_settings = read_settings
        self._lock = threading.Lock()
        self._kept: dict[int, Kept] = {}
        self._away = False
        self._forgot_at = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="keeper", daemon=True)
        self._thread.start()

    def add(self, camera_id: int, kept: Kept) -> None:
        with self._lock:
            self._kept[camera_id] = kept

    def remove(self, camera_id: int) -> None:
        """The loop ended."""
        with self._lock:
            del self._kept[camera_id]

    def give_back(self, camera_id: int, lease: Lease) -> None:
        """Let another loop have the camera at once. Without Redis, lease and status run out by themselves."""
        try:
            if lease.release():
                clear_status(self._client, camera_id)
        except REDIS_AWAY as error:
            logger.bind(camera_id=camera_id).info("The lease of camera {} runs out by itself: {}", camera_id, error)

    def close(self) -> None:
        self._stop.set()
        self._thread.join(5)
        if self._node_status is not None:
            with contextlib.suppress(*REDIS_AWAY):  # it is forgotten in a few seconds
                clear_node(self._client, self._node)

    def _run(self) -> None:
        while not self._stop.wait(RENEW_SECS):
            self.step()

    def step(self) -> None:
        """Look after every loop once."""
        with self._lock:
            everybody = list(self._kept.items())
        try:
            settings = self._read_settings()
            for camera_id, kept in everybody:
                self._tend(camera_id, kept, settings)
            if self._node_status is not None:
                status = self._node_status()
                write_node(self._client, self._node, status)
                self._forget_others(status.at)
        except REDIS_AWAY as error:
            if not self._away:
                logger.warning("Redis is away, cameras go on counting: {}", error)
            self._away = True
        else:
            if self._away:
                logger.info("Redis is back")
            self._away = False

    def _forget_others(self, at: float) -> None:
        """Nodes whose machine died could not take their reports back: once a minute, any node does it for them."""
        if abs(at - self._forgot_at) >= FORGET_SECS:
            self._forgot_at = at
            forget_gone(self._client, now=at)

    def _tend(self, camera_id: int, kept: Kept, settings: LoopSettings) -> None:
        reason = self._reason_to_stop(camera_id, kept, settings)
        if reason:
            logger.bind(camera_id=camera_id).info("Loop of camera {} ends: {}", camera_id, reason)
            kept.loop.stop.set()
            return
        loop = kept.loop
        loop.day_totals = self._day_totals(loop.config)
        write_status(self._client, camera_id, loop_status(loop, node=self._node, at=now()))
        if loop.feed.health().backend == "demo" and loop.first_analysed_at is not None:
            note_demo(self._client, camera_id, opened_at=loop.opened_at, analysed_at=loop.first_analysed_at)

    def _reason_to_stop(self, camera_id: int, kept: Kept, settings: LoopSettings) -> str | None:
        if kept.revoked():
            return "its task was revoked"
        if not kept.lease.renew():
            return "another loop has the camera"
        config = camera_config(camera_id)
        if config is None:
            return "the camera was deleted"
        if not config.enabled:
            return "the camera was disabled"
        kept.loop.reconfigure(config, settings)
        return None

    def _day_totals(self, config: CameraConfig) -> tuple[int, int]:
        """In and out of the camera today, everything it counts."""
        labels = day_counts(self._client, config.site_id, site_day(now(), config.site_timezone)).get(config.id, {})
        return sum(pair[0] for pair in labels.values()), sum(pair[1] for pair in labels.values())
