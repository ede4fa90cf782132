"""Fifty viewers, one subscription, nothing left behind. Against a real Redis."""

import asyncio
import contextlib

import redis.asyncio

from cameras.hub import PictureHub
from cameras.live import pack, picture_channel, viewer_key
from crowdsite.store.connection import async_client


async def until(condition, timeout_secs=15.0):
    async with asyncio.timeout(timeout_secs):
        while not await condition():
            await asyncio.sleep(0.02)


async def subscribers(link: redis.asyncio.Redis, camera_id=1, kind="clean") -> int:
    return (await link.pubsub_numsub(picture_channel(camera_id, kind)))[0][1]


async def test_fifty_viewers_share_one_subscription_and_leave_nothing_behind():
    link = async_client()
    hub = PictureHub(link)
    before = asyncio.all_tasks()
    async with contextlib.AsyncExitStack() as stack:
        viewers = [await stack.enter_async_context(hub.watch(1, "clean")) for _ in range(50)]

        async def subscribed() -> bool:
            return await subscribers(link) == 1

        await until(subscribed)
        assert hub.subscriptions == 1
        assert await link.publish(picture_channel(1, "clean"), pack(b"jpeg", 12.5)) == 1
        pictures = await asyncio.gather(*(viewer.next(10) for viewer in viewers))
        assert {(picture.captured_at, picture.jpeg) for picture in pictures} == {(12.5, b"jpeg")}
        assert 0 < await link.ttl(viewer_key(1, "clean")) <= 5
    assert hub.subscriptions == 0

    async def unsubscribed() -> bool:
        return await subscribers(link) == 0 and asyncio.all_tasks() == before

    await until(unsubscribed)


async def test_cameras_and_kinds_are_kept_apart():
    link = async_client()
    hub = PictureHub(link)
    async with hub.watch(1, "clean") as one, hub.watch(2, "clean") as two, hub.watch(1, "annotated") as drawn:

        async def subscribed() -> bool:
            sources = ((1, "clean"), (2, "clean"), (1, "annotated"))
            return [await subscribers(link, *source) for source in sources] == [1, 1, 1]

        await until(subscribed)
        await link.publish(picture_channel(2, "clean"), pack(b"two", 1))
        await link.publish(picture_channel(1, "annotated"), pack(b"drawn", 1))
        assert (await two.next(10)).jpeg == b"two"
        assert (await drawn.next(10)).jpeg == b"drawn"
        assert await one.next(0.1) is None


async def test_a_slow_viewer_misses_pictures_and_sees_the_newest():
    link = async_client()
    hub = PictureHub(link)
    async with hub.watch(1, "clean") as slow, hub.watch(1, "clean") as quick:

        async def subscribed() -> bool:
            return await subscribers(link) == 1

        await until(subscribed)
        for number in range(5):
            await link.publish(picture_channel(1, "clean"), pack(bytes([number]), number))
            assert (await quick.next(10)).captured_at == number
        assert (await slow.next(10)).captured_at == 4
        assert slow.dropped == 4
        assert await slow.next(0.05) is None


async def test_the_first_viewer_leaving_does_not_disturb_the_second():
    link = async_client()
    hub = PictureHub(link)
    async with hub.watch(1, "clean") as stays:
        async with hub.watch(1, "clean"):
            pass

        async def subscribed() -> bool:
            return await subscribers(link) == 1

        await until(subscribed)
        await link.publish(picture_channel(1, "clean"), pack(b"x", 1))
        assert (await stays.next(10)).jpeg == b"x"


async def test_viewers_who_come_and_go_quickly_leave_one_subscription(redis_server):
    link = async_client()
    hub = PictureHub(link)

    async def glance() -> None:
        async with hub.watch(1, "clean"):
            await asyncio.sleep(0)

    for _ in range(20):
        await glance()
    async with hub.watch(1, "clean"):

        async def subscribed() -> bool:
            return await subscribers(link) == 1

        await until(subscribed)

    async def unsubscribed() -> bool:
        return await subscribers(link) == 0

    await until(unsubscribed)


async def test_viewers_survive_an_outage_of_redis(redis_server):
    link = async_client()
    hub = PictureHub(link)
    async with hub.watch(1, "clean") as viewer:

        async def subscribed() -> bool:
            with contextlib.suppress(redis.RedisError):
                return await subscribers(link) == 1
            return False

        await until(subscribed)
        redis_server.stop()
        await asyncio.sleep(0.2)
        redis_server.start()
        await until(subscribed)
        await link.publish(picture_channel(1, "clean"), pack(b"again", 1))
        assert (await viewer.next(10)).jpeg == b"again"
