"""Live pictures over HTTP: motion JPEG for the opened camera, stills for tiles. A viewer costs no thread."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import lru_cache, wraps

import cv2
import numpy as np
from asgiref.sync import SyncToAsync, sync_to_async
from django.contrib.auth.decorators import login_not_required
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse, StreamingHttpResponse
from django.views.decorators.http import require_safe
from redis import RedisError
from rest_framework.authentication import TokenAuthentication
from rest_framework.exceptions import APIException

from cameras.hub import Picture, picture_hub
from cameras.live import STILL_VIEWER_SECS, Kind, encode, still_key, unpack, viewer_key
from cameras.models import Camera
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
    await _check(request, camera_id)
    redis = async_client()
    known = await redis.set(viewer_key(camera_id, "still"), 1, ex=STILL_VIEWER_SECS, get=True)
    message = await redis.get(still_key(camera_id))
    if message is None:
        reason = await sync_to_async(_why_offline)(camera_id)
        message = await _await_still(camera_id) if known is None and reason is None else None
        if message is None:
            raise reason or NoPictureError("The camera has sent no picture for some seconds. Try again.")
    captured_at, jpeg = unpack(message)
    headers = {"X-Captured-At": f"{captured_at:.3f}", "Cache-Control": "no-store"}
    return HttpResponse(jpeg, content_type="image/jpeg", headers=headers)


async def _await_still(camera_id: int) -> bytes | None:
    """The first one who looks waits for the loop to notice; None when it does not."""
    for _ in range(round(STILL_WAIT_SECS / _STILL_LOOK_SECS)):
        await asyncio.sleep(_STILL_LOOK_SECS)
        message = await async_client().get(still_key(camera_id))
        if message is not None:
            return bytes(message)
    return None


async def _stream(request: HttpRequest, camera_id: int, kind: Kind) -> HttpResponseBase:
    await _check(request, camera_id)
    reason = await sync_to_async(_why_offline)(camera_id)
    if reason:
        raise reason
    return StreamingHttpResponse(
        _parts(camera_id, kind),
        content_type=f"multipart/x-mixed-replace; boundary={BOUNDARY.decode()}",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _parts(camera_id: int, kind: Kind) -> AsyncIterator[bytes]:
    """Pictures as they come. When they stop, a grey one and the end: a browser would go on showing the last."""
    _free_request_thread()
    # A browser shows a picture when it sees the boundary after it.
    yield b"--" + BOUNDARY + b"\r\n"
    async with picture_hub().watch(camera_id, kind) as viewer:
        patience_secs = FIRST_PICTURE_SECS
        while (picture := await viewer.next(patience_secs)) is not None:
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


@sync_to_async
def _check(request: HttpRequest, camera_id: int) -> None:
    """By session or by the API's token; raises CrowdsiteError or an APIException."""
    user = request.user
    if not user.is_authenticated:
        by_token = TokenAuthentication().authenticate(request)
        if by_token is None:
            raise CrowdsiteError("Sign in, or send a valid token.", code="not_authenticated", status=401)
        user = by_token[0]
    if not user.has_perm("cameras.view_camera"):
        message = "You are not allowed to see cameras. Ask an administrator for the right."
        raise CrowdsiteError(message, code="forbidden", status=403)
    camera = Camera.objects.filter(pk=camera_id).first()
    if camera is None:
        message = f"There is no camera with the number {camera_id}. It may have been deleted."
        raise CrowdsiteError(message, code="not_found", status=404)
    if not camera.enabled:
        raise NoPictureError("This camera is switched off. Switch it on to see its pictures.", code="disabled")


def _why_offline(camera_id: int) -> NoPictureError | None:
    status = read_status(client(), camera_id)
    return NoPictureError(status.reason, code=status.code) if status.state == "offline" else None
