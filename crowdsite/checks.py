"""Misconfigurations that can be seen without asking anybody: `manage.py check`. Each is listed in docs/checks.md."""

import ipaddress
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from django.conf import settings
from django.core.checks import CheckMessage, Error, Info, Warning, register

from cameras.capture.errors import CaptureError
from cameras.capture.ffmpeg import ffmpeg_path
from crowdsite import tls
from crowdsite.log_file import kept_files, size_bytes
from crowdsite.logging import FORMATS, LEVELS

SECRET_CHARS = 32
CERTIFICATE_DAYS = 30
_MODELS = (".onnx", ".pt", ".engine")


def is_loopback(host: str) -> bool:
    """Whether only this machine itself reaches `host`."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host in ("localhost", "")


@register
def check_tls(**_: Any) -> list[CheckMessage]:
    """SSL_CERTFILE and SSL_KEYFILE: both, readable, a pair, in date. TRUSTED_PROXIES: addresses."""
    found: list[CheckMessage] = []
    try:
        if tls.check_tls(settings.SSL_CERTFILE, settings.SSL_KEYFILE):
            found += _certificate_end(Path(settings.SSL_CERTFILE))
    except tls.ConfigurationError as error:
        hint = "Give the paths of a PEM certificate and of its own key, which this user may read, or neither."
        found.append(Error(error.message, hint=hint, id="crowdsite.E001"))
    try:
        tls.check_proxies(settings.TRUSTED_PROXIES)
    except tls.ConfigurationError as error:
        hint = "Name the addresses from which your own proxies connect."
        found.append(Error(error.message, hint=hint, id="crowdsite.E002"))
    return found


def _certificate_end(path: Path) -> Iterator[CheckMessage]:
    end = x509.load_pem_x509_certificates(path.read_bytes())[0].not_valid_after_utc
    days = (end - datetime.now(UTC)).days
    if days < CERTIFICATE_DAYS:
        when = f"ends in {days} days" if days >= 0 else "has ended"
        yield Warning(
            f"The certificate {when} ({end:%Y-%m-%d}).",
            hint="Renew it and restart the web process; browsers refuse pages with one that has ended.",
            id="crowdsite.W001",
        )


@register
def check_reach(**_: Any) -> list[CheckMessage]:
    """What is different once other machines reach the web process."""
    found: list[CheckMessage] = []
    if is_loopback(settings.WEB_HOST):
        return found
    if settings.DEBUG:
        found.append(
            Error(
                f"DEBUG is on and WEB_HOST is {settings.WEB_HOST}: error pages show this installation's insides to "
                "everybody.",
                hint="Take DEBUG out of the environment.",
                id="crowdsite.E004",
            )
        )
    if "*" in settings.ALLOWED_HOSTS:
        found.append(
            Warning(
                f"ALLOWED_HOSTS allows any name while other machines reach {settings.WEB_HOST}.",
                hint="Set ALLOWED_HOSTS to the names and addresses people type, separated by commas.",
                id="crowdsite.W002",
            )
        )
    return found


@register
def check_secret_key(**_: Any) -> list[CheckMessage]:
    if len(settings.SECRET_KEY) >= SECRET_CHARS and len(set(settings.SECRET_KEY)) > 8:
        return []
    return [
        Warning(
            "SECRET_KEY is too short or too simple: who guesses it can sign in as anybody.",
            hint="Leave it empty (one is made and kept in var/secret_key), or set 50 random characters.",
            id="crowdsite.W003",
        )
    ]


@register
def check_redis_address(**_: Any) -> list[CheckMessage]:
    address = urlsplit(settings.REDIS_URL)
    if address.password or address.scheme == "unix" or is_loopback(address.hostname or ""):
        return []
    return [
        Warning(
            f"Redis at {address.hostname} is used without a password: whoever reaches it reads camera passwords.",
            hint="Set requirepass in redis.conf and REDIS_URL=redis://:password@host:port/0.",
            id="crowdsite.W004",
        )
    ]


@register
def check_var(**_: Any) -> list[CheckMessage]:
    if os.access(settings.VAR_DIR, os.W_OK | os.X_OK):
        return []
    return [
        Error(
            f"The folder {settings.VAR_DIR} cannot be written.",
            hint="Give it to the user who runs Crowdsite, or set CROWDSITE_VAR to another folder.",
            id="crowdsite.E005",
        )
    ]


@register(deploy=True)
def check_var_is_private(**_: Any) -> list[CheckMessage]:
    """The folder itself keeps others out; what lies in it is only as safe as that."""
    if not settings.VAR_DIR.stat().st_mode & 0o007:
        return []
    return [
        Warning(
            f"Everybody on this machine may look into {settings.VAR_DIR}, where users and secrets are kept.",
            hint=f"Run: chmod o-rwx {settings.VAR_DIR}",
            id="crowdsite.W005",
        )
    ]


@register
def check_ffmpeg(**_: Any) -> list[CheckMessage]:
    try:
        ffmpeg_path()
    except CaptureError as error:
        hint = "Install ffmpeg, for example with: apt-get install ffmpeg."
        return [Warning(f"No camera can be opened: {error.message}", hint=hint, id="crowdsite.W006")]
    return []


@register(deploy=True)  # a remark, and not one for every command that is run
def check_models(**_: Any) -> list[CheckMessage]:
    folders = [folder for folder in settings.MODEL_DIRS if folder.is_dir()]
    if any(path.suffix in _MODELS for folder in folders for path in folder.iterdir()):
        return []
    return [
        Info(
            "There are no weights, so the built-in detector counts, roughly.",
            hint=f"Put yolov8n.onnx or another model into {settings.MODEL_DIRS[-1]}, on each inference node.",
            id="crowdsite.I001",
        )
    ]


@register
def check_file_roots(**_: Any) -> list[CheckMessage]:
    """Folders in which video files may be cameras. The last one is var/videos, made on demand."""
    found: list[CheckMessage] = []
    for folder in settings.CAMERA_FILE_ROOTS[:-1]:
        if folder.resolve() == Path("/"):
            found.append(
                Error(
                    "CAMERA_FILE_ROOTS holds the root folder: operators could open any file as a video.",
                    hint="Name the folder in which the videos lie.",
                    id="crowdsite.E006",
                )
            )
        elif not folder.is_dir():
            found.append(
                Warning(
                    f"CAMERA_FILE_ROOTS names {folder}, which is no folder on this machine.",
                    hint="Make it, correct its path, or take it out.",
                    id="crowdsite.W007",
                )
            )
    return found


@register
def check_flower(**_: Any) -> list[CheckMessage]:
    if is_loopback(settings.FLOWER_HOST) or settings.SSL_CERTFILE:
        return []
    return [
        Warning(
            f"Flower listens on {settings.FLOWER_HOST} without TLS: its password crosses the network in the clear.",
            hint="Set SSL_CERTFILE and SSL_KEYFILE, or leave FLOWER_HOST at 127.0.0.1 behind a proxy (FLOWER_URL).",
            id="crowdsite.W008",
        )
    ]


@register
def check_logging(**_: Any) -> list[CheckMessage]:
    """Values that the log cannot use; it runs with its defaults then."""
    chosen = settings.LOGGING
    wrong = []
    if str(chosen["level"]).upper() not in LEVELS:
        wrong.append(f"LOG_LEVEL is {chosen['level']!r}; it can be {', '.join(LEVELS)}.")
    if chosen.get("format", "text") not in FORMATS:
        wrong.append(f"LOG_FORMAT is {chosen['format']!r}; it can be {', '.join(FORMATS)}.")
    try:
        kept_files(chosen.get("retention", "10"), size_bytes(chosen.get("rotation", "20 MB")))
    except ValueError as error:
        wrong.append(f"LOG_ROTATION or LOG_RETENTION: {error}")
    found: list[CheckMessage] = [
        Error(sentence, hint="Correct it in the environment or in .env.", id="crowdsite.E007") for sentence in wrong
    ]
    folder = Path(chosen["dir"])
    if not os.access(folder if folder.exists() else folder.parent, os.W_OK | os.X_OK):
        hint = "Give it to the user who runs Crowdsite, or set LOG_DIR to another folder."
        found.append(Warning(f"The log folder {folder} cannot be written.", hint=hint, id="crowdsite.W010"))
    return found
