"""The last seconds of a camera's video on their way from its node to whoever saves them.

Who wants them leaves a token with the camera and listens on a channel of that name; the node with the camera answers
there. A channel keeps nothing: no memory of Redis and no line of its log is spent on a clip, and where nobody listens
any more the node stops at once.
"""

import asyncio
import json
import secrets
from collections.abc import Iterable

import redis
from django.utils.translation import gettext as _
from redis.asyncio.client import PubSub

from cameras.capture.ring import MAX_BYTES, Clip
from cameras.status import CameraStatus
from crowdsite.errors import CrowdsiteError
from crowdsite.store.connection import async_client

WANTED_SECS = 5
# The node looks a few times a second; what follows comes as fast as the network carries it.
ANSWER_SECS = 4.0
PIECE_BYTES = 1 << 18
MOST_WAITING = 4


class ClipError(CrowdsiteError):
    """There is nothing to save, or not now."""

    code = "clip_unavailable"
    status = 503


def wanted_key(camera_id: int) -> str:
    """List: tokens of those who want the camera's last seconds now."""
    return f"cameras:clip_wanted:{camera_id}"


def clip_channel(token: str) -> str:
    return f"cameras:clip:{token}"


def refusal(status: CameraStatus) -> ClipError | None:
    """Why nothing can be saved of a camera with this status; None when it can."""
    if status.state == "offline":
        return ClipError(status.reason, code=status.code, status=409)
    if status.kept_secs is None:
        message = _("Video is not kept for this camera. Choose under Settings, Capture how many seconds are kept.")
        return ClipError(message, code="clip_off", status=409)
    if status.kept_reason:
        return ClipError(status.kept_reason, code="clip_unsupported", status=409)
    return None


def take_wanted(client: redis.Redis, camera_ids: Iterable[int]) -> list[tuple[int, str]]:
    """The node's side: (camera, token) of each who waits, taken once, in one round trip. Raises redis.RedisError."""
    ids = list(camera_ids)
    with client.pipeline(transaction=False) as pipe:
        for camera_id in ids:
            pipe.lpop(wanted_key(camera_id), MOST_WAITING)
        replies = pipe.execute()
    return [(camera_id, token.decode()) for camera_id, found in zip(ids, replies, strict=True) for token in found or ()]


def send_clip(client: redis.Redis, token: str, clip: Clip | None) -> bool:
    """The node's answer. False when nobody listened to the end. Raises redis.RedisError."""
    channel = clip_channel(token)
    head = {"size": 0}
    if clip is not None:
        head = {"size": clip.size, "codec": clip.codec, "began_at": clip.began_at, "ended_at": clip.ended_at}
    if not client.publish(channel, json.dumps(head)):
        return False
    for part in clip.parts if clip else ():
        for start in range(0, len(part), PIECE_BYTES):
            if not client.publish(channel, part[start : start + PIECE_BYTES]):
                return False
    return True


async def fetch_clip(camera_id: int) -> Clip:
    """The web process's side. Raises ClipError and redis.RedisError."""
    token, channel = secrets.token_hex(16), async_client()
    async with channel.pubsub() as subscription:
        await subscription.subscribe(clip_channel(token))
        await _next(subscription, "subscribe")  # an answer before that would be lost
        async with channel.pipeline(transaction=True) as pipe:
            waiting, _expires = await pipe.rpush(wanted_key(camera_id), token).expire(
                wanted_key(camera_id), WANTED_SECS
            ).execute()  # fmt: skip
        if waiting > MOST_WAITING:
            raise ClipError(_("Others are saving this camera's video. Try again in a few seconds."), code="busy")
        head = json.loads(await _next(subscription, "message"))
        if not 0 < head["size"] <= 2 * MAX_BYTES:
            raise ClipError(_("No video is kept yet: the camera was opened a moment ago. Try again in some seconds."))
        parts, missing = [], head["size"]
        while missing > 0:
            parts.append(await _next(subscription, "message"))
            missing -= len(parts[-1])
        return Clip(head["codec"], tuple(parts), head["began_at"], head["ended_at"])


async def _next(subscription: PubSub, kind: str) -> bytes:
    try:
        async with asyncio.timeout(ANSWER_SECS):
            while True:
                message = await subscription.get_message(timeout=ANSWER_SECS)
                if message is not None and message["type"] == kind:
                    return message["data"]
    except TimeoutError:
        raise ClipError(_("The node of this camera did not answer. Try again in a few seconds.")) from None
