"""Live pictures, the web process's side: one Redis subscription per camera and kind, whatever the number of viewers."""

import asyncio
import contextlib
import time
import weakref
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import redis
import redis.asyncio
from loguru import logger

from cameras.live import VIEWER_SECS, Kind, picture_channel, unpack, viewer_key
from crowdsite.store.connection import async_client

RENEW_SECS = 2.0
RETRY_SECS = 1.0


@dataclass(frozen=True, slots=True)
class Picture:
    """captured_at: unix seconds."""

    captured_at: float
    jpeg: bytes


@dataclass(eq=False, slots=True)
class Viewer:
    """One who watches. Holds the newest picture only: who is slow misses pictures, not memory."""

    newest: Picture | None = None
    dropped: int = 0
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def offer(self, picture: Picture) -> None:
        if self.newest is not None:
            self.dropped += 1
        self.newest = picture
        self.news.set()

    async def next(self, timeout_secs: float) -> Picture | None:
        """The newest picture not yet seen; None when none came in time."""
        try:
            async with asyncio.timeout(timeout_secs):
                await self.news.wait()
        except TimeoutError:
            return None
        picture, self.newest = self.newest, None
        self.news.clear()
        return picture


class PictureHub:
    """Of one event loop. Holds no task and no connection while nobody watches."""

    def __init__(self, client: redis.asyncio.Redis):
        self._client = client
        self._viewers: dict[tuple[int, Kind], set[Viewer]] = {}
        self._tasks: dict[tuple[int, Kind], asyncio.Task[None]] = {}

    @property
    def subscriptions(self) -> int:
        return len(self._tasks)

    @contextlib.asynccontextmanager
    async def watch(self, camera_id: int, kind: Kind) -> AsyncIterator[Viewer]:
        """A viewer of the camera's pictures for as long as the block runs."""
        source, viewer = (camera_id, kind), Viewer()
        self._viewers.setdefault(source, set()).add(viewer)
        if source not in self._tasks:
            self._tasks[source] = asyncio.create_task(self._relay(*source), name=f"pictures {camera_id} {kind}")
        try:
            yield viewer
        finally:
            self._viewers[source].discard(viewer)
            if not self._viewers[source]:
                del self._viewers[source]
                # The task takes its entry away at once, so that a viewer who comes now gets a new one.
                self._tasks.pop(source).cancel()

    async def _relay(self, camera_id: int, kind: Kind) -> None:
        """Subscribe and pass pictures on until nobody watches, across outages of Redis."""
        is_away = False
        while self._is_wanted(camera_id, kind):
            try:
                async with self._client.pubsub(ignore_subscribe_messages=True) as subscription:
                    await subscription.subscribe(picture_channel(camera_id, kind))
                    if is_away:
                        logger.info("Live pictures of camera {} go on", camera_id)
                    is_away = False
                    await self._pass_on(subscription, camera_id, kind)
            except redis.RedisError as error:
                if not is_away:
                    logger.warning("Live pictures of camera {} pause, Redis is away: {}", camera_id, error)
                is_away = True
            await asyncio.sleep(RETRY_SECS)

    def _is_wanted(self, camera_id: int, kind: Kind) -> bool:
        """A cancellation that arrives while a Redis command runs can get lost in the client, so ask as well."""
        return self._tasks.get((camera_id, kind)) is asyncio.current_task()

    async def _pass_on(self, subscription: "redis.asyncio.client.PubSub", camera_id: int, kind: Kind) -> None:
        renew_at = 0.0
        while self._is_wanted(camera_id, kind):
            now = time.monotonic()
            if now >= renew_at:
                await self._client.set(viewer_key(camera_id, kind), 1, ex=VIEWER_SECS)
                renew_at = now + RENEW_SECS
            message = await subscription.get_message(timeout=max(renew_at - now, 0.01))
            if message is None:
                continue
            picture = Picture(*unpack(message["data"]))
            for viewer in self._viewers.get((camera_id, kind), ()):
                viewer.offer(picture)


_hubs: "weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, PictureHub]" = weakref.WeakKeyDictionary()


def picture_hub() -> PictureHub:
    """The hub of the running event loop. Call it inside a coroutine."""
    loop = asyncio.get_running_loop()
    hub = _hubs.get(loop)
    if hub is None:
        hub = _hubs[loop] = PictureHub(async_client())
    return hub
