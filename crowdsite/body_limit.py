"""Request bodies have a limit before anything reads them: Django keeps a body on disk whoever sends it, also for an
address that answers nobody, so a stranger could fill the disk.

Plain ASGI, outside Django: headers are believed where they say too much, bytes are counted where they say nothing.
"""

import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

MAX_BODY_BYTES = 16 * 1024 * 1024
TOO_LARGE = "The request is larger than this server accepts. Send less at once."

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]


def limited(application: Application, *, most: int = MAX_BODY_BYTES) -> Application:
    """`application`, which never gets a body of more than `most` bytes; larger ones are answered with 413."""

    async def answer(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await application(scope, receive, send)
        elif _said(scope) > most:
            await _refuse(scope, send)
        else:
            await _counted(application, scope, receive, send, most)

    return answer


async def _counted(
    application: Application, scope: MutableMapping[str, Any], receive: Receive, send: Send, most: int
) -> None:
    read, refused, begun = 0, False, False

    async def counting() -> Message:
        nonlocal read, refused
        message = await receive()
        read += len(message.get("body", b""))
        if read > most and not refused:
            refused = True
            if not begun:
                await _refuse(scope, send)
        # To the application it is as if the client had gone.
        return {"type": "http.disconnect"} if refused else message

    async def sending(message: Message) -> None:
        nonlocal begun
        if not refused:
            begun = True
            await send(message)

    await application(scope, counting, sending)


def _said(scope: MutableMapping[str, Any]) -> int:
    """The length in the header; 0 where there is none, or none that the server would go by."""
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0


async def _refuse(scope: MutableMapping[str, Any], send: Send) -> None:
    body, kind = TOO_LARGE.encode(), b"text/plain; charset=utf-8"
    if scope["path"].startswith("/api/"):
        error = {"code": "too_large", "message": TOO_LARGE, "fields": {}}
        body, kind = json.dumps({"error": error}).encode(), b"application/json"
    headers = [(b"content-type", kind), (b"content-length", str(len(body)).encode()), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": body})
