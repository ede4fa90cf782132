"""A Loguru record as one line: JSON for programs, text for people. Every secret is masked here, in both."""

import json
import os
import re
import socket
import sys
import traceback
from pathlib import Path
from typing import Any

from crowdsite.masking import mask, mask_value, shorten

# More than this of one text tells nobody anything.
TEXT_CHARS = 1 << 15
# On the top level of a JSON line, in this order.
IDS = ("camera_id", "request_id", "task_id")
# So much of an id tells two apart on a screen.
ID_CHARS = 8
# Escape sequences of a terminal and the like, which somebody may have put into a user name.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
_HOST = socket.gethostname()


def role() -> str:
    """How this process is named in its lines: web, beat, flower, a worker's name or a command's."""
    return role_of(sys.argv)


def role_of(arguments: list[str]) -> str:
    """What a process does, by its command line: `manage.py web` is web, `celery ... worker -n gpu@%h` is gpu."""
    name = Path(arguments[0]).name if arguments else ""
    if name in ("celery", "__main__.py") and (doing := _first_of(arguments, ("worker", "beat", "flower"))):
        return _worker_name(arguments) if doing == "worker" else doing
    if name == "manage.py" and len(arguments) > 1:
        return arguments[1]
    return "web" if name.startswith("uvicorn") else name or "python"


def _first_of(arguments: list[str], words: tuple[str, ...]) -> str:
    return next((word for word in arguments if word in words), "")


def _worker_name(arguments: list[str]) -> str:
    for flags in (("-n", "--hostname"), ("-Q", "--queues")):
        for flag, value in zip(arguments, [*arguments[1:], ""], strict=True):
            if flag in flags:
                return value.partition("@")[0]
            if flag.startswith(f"{flags[1]}="):
                return flag.partition("=")[2].partition("@")[0]
    return "worker"


def as_json(record: Any) -> str:
    """time, level, source, role, host, pid, message, then ids, exception and whatever else the record carries."""
    extra = dict(record["extra"])
    line: dict[str, Any] = {
        "time": record["time"].isoformat(timespec="milliseconds"),
        "level": record["level"].name,
        "source": extra.pop("source", record["name"]),
        "role": role(),
        "host": _HOST,
        "pid": os.getpid(),
        "message": _masked(record["message"]),
    }
    for name in IDS:
        if (value := extra.pop(name, None)) is not None:
            line[name] = value if isinstance(value, int) else _masked(str(value))
    if (exception := record["exception"]) is not None:
        line["exception"] = _exception(exception)
    if extra:
        try:
            line["extra"] = mask_value(extra)
        except RecursionError:
            line["extra"] = "values that hold themselves"
    return json.dumps(line, ensure_ascii=False).encode("utf-8", "backslashreplace").decode()


def as_text(record: Any, *, with_time: bool = True) -> str:
    """`2026-11-22 19:30:00.123 INFO    tracking.loop [camera 3]: message`, further lines indented."""
    extra = record["extra"]
    ids = ", ".join(
        f"{name.removesuffix('_id')} {str(extra[name])[:ID_CHARS]}" for name in IDS if extra.get(name) is not None
    )
    time = f"{record['time']:YYYY-MM-DD HH:mm:ss.SSS} " if with_time else ""
    text = _masked(record["message"])
    if (exception := record["exception"]) is not None:
        text += "\n" + _exception(exception)
    text = _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text).replace("\n", "\n    ")
    source = extra.get("source", record["name"])
    return f"{time}{record['level'].name: <7} {source}{f' [{mask(ids)}]' if ids else ''}: {text}"


def _masked(text: str) -> str:
    return shorten(mask(text), TEXT_CHARS)


def _exception(exception: Any) -> str:
    """The traceback with its causes; without the values of variables, among which passwords may be."""
    try:
        lines = traceback.format_exception(exception.type, exception.value, exception.traceback)
    except Exception as error:  # noqa: BLE001 - an exception whose own methods fail
        lines = [f"{exception.type} (its traceback cannot be shown: {type(error).__name__})"]
    return _masked("".join(lines).rstrip())
