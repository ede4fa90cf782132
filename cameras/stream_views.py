"""Live pictures over HTTP: motion JPEG for the opened camera, stills for tiles. A viewer costs no thread.

Who may see a camera is asked when a stream is opened and every few seconds while it is open: it ends when the session,
the right or the camera goes.
"""

import asyncio
import os
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache, wraps
from typing import BinaryIO
from zoneinfo import ZoneInfo

import cv2
import numpy as np
from asgiref.sync import SyncToAsync, sync_to_async
from django.contrib.auth import get_user
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import AbstractBaseUser
from django.db import Error as DatabaseError
from django.db import close_old_connections
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse, StreamingHttpResponse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_safe
from loguru import logger
from redis import RedisError
from rest_framework.exceptions import APIException, NotAuthenticated
from rest_framework.request import Request
from rest_framework.settings import api_settings

from cameras.clips import fetch_clip, refusal
from cameras.hub import Picture, picture_hub
from cameras.live import STILL_VIEWER_SECS, Kind, encode, still_key, unpack, viewer_key
from cameras.models import Camera
from cameras.remux import pieces, place, to_mp4
from cameras.selectors import camera_for
from cameras.status import read_status
from crowdsite.api_errors import as_error, body
from crowdsite.errors import CrowdsiteError
from crowdsite.store.connection import async_client, client

BOUNDARY = b"picture"
# The loop first has to notice that somebody watches.
FIRST_PICTURE_SECS = 5.0
NO_PICTURE_SECS = 3.0
STILL_WAIT_SECS = 2.0
_STILL_LOOK_SECS = 0.1
# How long an open stream may outlive the right to see it.
RECHECK_SECS = 5.0

# Checks of open streams, apart from the threads of requests: two threads for any number of streams.
_checkers = ThreadPoolExecutor(max_workers=2, thread_name_prefix="stream-check")

View = Callable[[HttpRequest, int], Awaitable[HttpResponseBase]]


class NoPictureError(CrowdsiteError):
    """Nothing fresh to show."""

    code = "no_picture"
    status = 503


def _answers_errors_as_json(view: View) -> View:
    """The caller is a picture element or a program: a sign-in page would help neither."""

    @wraps(view)
    async def answered(request: HttpRequest, camera_id: int) -> HttpResponseBase:
        try:
            return await view(request, camera_id)
        except (CrowdsiteError, APIException, DatabaseError, RedisError) as exception:
            error = as_error(exception)
            if error is None:
                raise
            return JsonResponse(body(error), status=error.status, headers={"Cache-Control": "no-store"})

    return answered


@login_not_required
@require_safe
@_answers_errors_as_json
async def clean(request: HttpRequest, camera_id: int) -> HttpResponseBase:
    """Motion JPEG of the camera's pictures as they are."""
    return await _stream(request, camera_id, "clean")


@login_not_required
@require_safe
@_answers_errors_as_json
async def annotated(request: HttpRequest, camera_id: int) -> HttpResponseBase:
    """Motion JPEG with lines, boxes and counts."""
    return await _stream(request, camera_id, "annotated")


@login_not_required
@require_safe
@_answers_errors_as_json
async def still(request: HttpRequest, camera_id: int) -> HttpResponseBase:
    """The newest picture, at most a few seconds old; `X-Captured-At` says in unix seconds when it was taken."""
    await sync_to_async(_check)(request, camera_id)
    redis = async_client()
    known = await redis.set(viewer_key(camera_id, "still"), 1, ex=STILL_VIEWER_SECS, get=True)
    message = await redis.get(still_key(camera_id))
    if message is None:
        reason = await sync_to_async(_why_offline)(camera_id)
        message = await _await_still(camera_id) if known is None and reason is None else None
        if message is None:
            raise reason or NoPictureError(_("The camera has sent no picture for some seconds. Try again."))
    captured_at, jpeg = unpack(message)
    headers = {"X-Captured-At": f"{captured_at:.3f}", "Cache-Control": "no-store"}
    return HttpResponse(jpeg, content_type="image/jpeg", headers=headers)


@login_not_required
@require_GET
@_answers_errors_as_json
async def clip(request: HttpRequest, camera_id: int) -> HttpResponseBase:
    """The last seconds of the camera's own video as an MP4 file, from the key frame before them."""
    wanted = await sync_to_async(_clip_of)(request, camera_id)
    async with place():
        found = await fetch_clip(camera_id)
        file = await to_mp4(found)
    secs = found.ended_at - found.began_at
    logger.bind(camera_id=camera_id, user=wanted.asked_by).info(
        "{} saved {:.0f} s of video of {}", wanted.asked_by, secs, wanted.camera
    )
    began = datetime.fromtimestamp(found.began_at, wanted.zone).strftime("%Y-%m-%d-%H%M%S")
    name = re.sub(r"[^\w.-]+", "-", wanted.camera).strip("-.") or str(camera_id)
    headers = {
        "Content-Disposition": content_disposition_header(True, f"{name}-{began}.mp4"),
        "Content-Length": str(os.fstat(file.fileno()).st_size),
        "Cache-Control": "no-store",
    }
    return StreamingHttpResponse(_file_parts(file), content_type="video/mp4", headers=headers)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Names of the camera and of the one who saves its video; its site's time zone."""

    camera: str
    zone: ZoneInfo
    asked_by: str


def _clip_of(request: HttpRequest, camera_id: int) -> _Wanted:
    """Raises CrowdsiteError unless there is something to save for the one who asks."""
    camera = _check(request, camera_id)
    if reason := refusal(read_status(client(), camera_id)):
        raise reason
    return _Wanted(camera.name, camera.site.zone, _caller(request).get_username())


async def _file_parts(file: BinaryIO) -> AsyncIterator[bytes]:
    _free_request_thread()
    async for piece in pieces(file):
        yield piece


async def _await_still(camera_id: int) -> bytes | None:
    """The first one who looks waits for the loop to notice; None when it does not."""
    for _look in range(round(STILL_WAIT_SECS / _STILL_LOOK_SECS)):
        await asyncio.sleep(_STILL_LOOK_SECS)
        message = await async_client().get(still_key(camera_id))
        if message is not None:
            return bytes(message)
    return None


async def _stream(request: HttpRequest, camera_id: int, kind: Kind) -> HttpResponseBase:
    await sync_to_async(_check)(request, camera_id)
    reason = await sync_to_async(_why_offline)(camera_id)
    if reason:
        raise reason
    return StreamingHttpResponse(
        _parts(request, camera_id, kind),
        content_type=f"multipart/x-mixed-replace; boundary={BOUNDARY.decode()}",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _parts(request: HttpRequest, camera_id: int, kind: Kind) -> AsyncIterator[bytes]:
    """Pictures as they come. When they stop, or may not be seen any more, a grey one and the end: a browser would go
    on showing the last."""
    _free_request_thread()
    # A browser shows a picture when it sees the boundary after it.
    yield b"--" + BOUNDARY + b"\r\n"
    async with picture_hub().watch(camera_id, kind) as viewer:
        patience_secs = FIRST_PICTURE_SECS
        check_at = time.monotonic() + RECHECK_SECS
        while (picture := await viewer.next(patience_secs)) is not None:
            if time.monotonic() >= check_at:
                if not await _may_go_on(request, camera_id):
                    break
                check_at = time.monotonic() + RECHECK_SECS
            yield _part(picture)
            patience_secs = NO_PICTURE_SECS
    yield _part(Picture(0.0, _blank_jpeg()), last=True)


def _part(picture: Picture, *, last: bool = False) -> bytes:
    head = (
        f"Content-Type: image/jpeg\r\nContent-Length: {len(picture.jpeg)}\r\nX-Captured-At: {picture.captured_at:.3f}"
    )
    return b"".join((head.encode(), b"\r\n\r\n", picture.jpeg, b"\r\n--", BOUNDARY, b"--\r\n" if last else b"\r\n"))


@lru_cache(maxsize=1)
def _blank_jpeg() -> bytes:
    """Grey with diagonal hatching: plainly no picture."""
    image = np.full((360, 640, 3), 58, np.uint8)
    for start in range(-360, 640, 24):
        cv2.line(image, (start, 360), (start + 360, 0), (74, 74, 74), 6, cv2.LINE_AA)
    return encode(image, 640)


def _free_request_thread() -> None:
    """End the thread in which this request's synchronous middleware ran; Django would keep it as long as the stream."""
    context = SyncToAsync.thread_sensitive_context.get(None)
    executor = None if context is None else SyncToAsync.context_to_thread_executor.pop(context, None)
    if executor is not None:
        executor.shutdown(wait=False)


def _check(request: HttpRequest, camera_id: int) -> Camera:
    """Raise CrowdsiteError or an APIException unless the one who asks may see the pictures of this camera now."""
    user = _caller(request)
    if not user.has_perm("cameras.view_camera"):
        message = _("You are not allowed to see cameras. Ask an administrator for the right.")
        raise CrowdsiteError(message, code="forbidden", status=403)
    camera = camera_for(user, camera_id)
    if not camera.enabled:
        raise NoPictureError(_("This camera is switched off. Switch it on to see its pictures."), code="disabled")
    return camera


def _caller(request: HttpRequest) -> AbstractBaseUser:
    """By session or by the API's token, whichever way the API knows."""
    for authentication in api_settings.DEFAULT_AUTHENTICATION_CLASSES:
        found = authentication().authenticate(Request(request))
        if found is not None:
            return found[0]
    raise NotAuthenticated


async def _may_go_on(request: HttpRequest, camera_id: int) -> bool:
    """Whether an open stream may. A check that hangs ends it: meanwhile the last picture would stand still."""
    check = sync_to_async(_check_again, thread_sensitive=False, executor=_checkers)
    try:
        async with asyncio.timeout(NO_PICTURE_SECS):
            await check(request, camera_id)
    except (CrowdsiteError, APIException, TimeoutError):
        return False
    except (DatabaseError, RedisError) as error:
        logger.warning("Whether a stream of camera {} may go on is not known, so it ends: {}", camera_id, error)
        return False
    return True


def _check_again(request: HttpRequest, camera_id: int) -> None:
    """As `_check`, with session and rights as they are now."""
    try:
        request.session = type(request.session)(request.session.session_key)
        request.user = get_user(request)
        _check(request, camera_id)
    finally:
        close_old_connections()


def _why_offline(camera_id: int) -> NoPictureError | None:
    status = read_status(client(), camera_id)
    return NoPictureError(status.reason, code=status.code) if status.state == "offline" else None
