"""One log stream: Loguru, to standard error for people and to `app.log` as JSON lines, secrets masked in both.

What Django, Celery, uvicorn, Flower and libraries log through the standard module goes the same way, and so do warnings
and exceptions that nobody caught.
"""

import logging
import sys
import threading
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from django.conf import settings
from loguru import logger

from crowdsite.log_file import LogFile, kept_files, size_bytes
from crowdsite.log_lines import as_json, as_text
from crowdsite.masking import mask, register, register_address

Sink = Callable[[Any], None]

LEVELS = ("TRACE", "DEBUG", "INFO", "SUCCESS", "WARNING", "ERROR", "CRITICAL")
FORMATS = ("text", "bare", "json")

# At INFO without telling an operator anything; our own line says it once.
_QUIET = (
    "celery.app.trace", "celery.apps.worker", "celery.beat", "celery.worker.consumer", "celery.worker.strategy",
    "flower", "kombu.mixins", "tornado.access", "uvicorn.access", "uvicorn.error",
)  # fmt: skip
# Warnings of theirs that tell an operator nothing either: Flower asks workers that are still starting, and asks again.
_NO_WARNING = ("flower.inspector",)
# A worker whose Redis refuses everything says so five times a second, for as long as the disk is full.
_REPEATING = ("celery.worker.consumer.consumer",)
REPEAT_SECS = 60.0
# Libraries that talk about themselves at DEBUG, by the thousand.
_NEVER_DEBUG = ("matplotlib", "PIL", "asyncio", "urllib3", "fontTools", "kombu", "amqp", "concurrent_log_handler")
# A process that runs as root is found by `manage.py check --deploy` (crowdsite.W009), with what to do about it.
_ROOT_WARNING = r"(?s).*superuser privileges"
# Static files are served from disk in small pieces; nothing an operator could do about it.
_STATIC_WARNING = r"StreamingHttpResponse must consume synchronous iterators"

_level = logging.INFO
_file: LogFile | None = None


class ToLoguru(logging.Handler):
    """Hands records of the standard module over, under the name of the logger that wrote them."""

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[str, float] = {}

    def emit(self, record: logging.LogRecord) -> None:
        if record.name in _REPEATING and self._said_lately(record):
            return
        try:
            message = record.getMessage()
        except Exception as error:  # noqa: BLE001 - a mistake in a library's log call
            message = f"{record.msg} (its values do not fit: {error})"
        try:
            level: str | int = logger.level(_level_of(record)).name
        except ValueError:
            level = record.levelno
        try:
            logger.bind(source=record.name).opt(exception=record.exc_info).log(level, "{}", message)
        except RuntimeError:
            # A signal arrived while this very thread was writing a line; Loguru refuses rather than wait for itself.
            print(f"{record.levelname: <7} {record.name}: {mask(message)}", file=sys.__stderr__)

    def _said_lately(self, record: logging.LogRecord) -> bool:
        """Lines are told apart by what stands in the source, before its values are put in: a handful."""
        template = str(record.msg)
        if record.created - self._said.get(template, 0.0) < REPEAT_SECS:
            return True
        self._said[template] = record.created
        return False


def _level_of(record: logging.LogRecord) -> str:
    # Refusals are in the line of the request already.
    if record.name == "django.request" and getattr(record, "status_code", 500) < 500:
        return "DEBUG"
    return record.levelname


def configure_logging(options: Mapping[str, Any]) -> None:
    """Take over all logging of this process (Django calls it with settings.LOGGING).

    options: `level`, `format` (text; bare = without the time, for those who stamp lines themselves; json), `dir` (a
    folder, None = no file), `rotation` and `retention` (see `crowdsite.log_file`).
    """
    _know_secrets()
    wrong: list[str] = []
    sinks: list[Sink] = [_to_stderr(_one_of(options.get("format", "text"), FORMATS, "LOG_FORMAT", wrong))]
    if options.get("dir"):
        sinks.append(_to_file(Path(options["dir"]), options, wrong))
    logger.configure(
        handlers=[{"sink": sink, "level": 0, "format": _no_text, "filter": _passes, "catch": False} for sink in sinks],
        patcher=_with_source,
    )
    logging.basicConfig(handlers=[ToLoguru()], level=logging.NOTSET, force=True)
    set_level(_one_of(options["level"].upper(), LEVELS, "LOG_LEVEL", wrong))
    _catch_the_rest()
    for sentence in wrong:
        logger.warning("{}", sentence)


def set_level(name: str) -> None:
    """Lines below it are dropped from now on."""
    global _level
    _level = logger.level(name).no
    logging.getLogger().setLevel(_level)
    for quiet in _QUIET:
        logging.getLogger(quiet).setLevel(logging.DEBUG if _level <= logging.DEBUG else max(logging.WARNING, _level))
    for source in _NO_WARNING:
        logging.getLogger(source).setLevel(logging.DEBUG if _level <= logging.DEBUG else max(logging.ERROR, _level))
    for source in _NEVER_DEBUG:
        logging.getLogger(source).setLevel(max(logging.INFO, _level))


def level() -> str:
    """The level at work, by its name."""
    return next((name for name in LEVELS if logger.level(name).no == _level), str(_level))


def _know_secrets() -> None:
    """What this installation's settings and files keep secret is hidden wherever it turns up."""
    register(settings.SECRET_KEY)
    register_address(settings.REDIS_URL)
    register(settings.DATABASES["default"].get("PASSWORD"))
    for name in ("flower_password", "admin_password"):
        try:
            register((settings.VAR_DIR / name).read_text().strip())
        except OSError:
            continue  # there is none, or it is not for this process


def _one_of(value: str, choices: tuple[str, ...], variable: str, wrong: list[str]) -> str:
    default = "INFO" if choices is LEVELS else choices[0]
    if value in choices:
        return value
    wrong.append(f"{variable} cannot be {value!r}: {default} is used. Write one of {', '.join(choices)}.")
    return default


def _passes(record: Any) -> bool:
    return bool(record["level"].no >= _level)


def _no_text(record: Any) -> str:
    """The sinks make their own lines; Loguru need not."""
    return ""


def _with_source(record: Any) -> None:
    record["extra"].setdefault("source", record["name"])


def _to_stderr(form: str) -> Sink:
    def write(message: Any) -> None:
        try:
            line = as_json(message.record) if form == "json" else as_text(message.record, with_time=form == "text")
            # Whole, so that lines of several processes on one terminal do not mix.
            sys.stderr.write(line + "\n")
            sys.stderr.flush()
        except (OSError, ValueError, AttributeError, UnicodeError):
            return  # nobody is there to read it

    return write


def _to_file(folder: Path, options: Mapping[str, Any], wrong: list[str]) -> Sink:
    try:
        rotation = size_bytes(options.get("rotation", "20 MB"))
        files = kept_files(options.get("retention", "10"), rotation)
    except ValueError as error:
        wrong.append(f"LOG_ROTATION or LOG_RETENTION: {error}")
        rotation, files = 20 << 20, 10
    global _file
    if _file is not None:
        _file.close()
    file = _file = LogFile(folder / "app.log", rotation_bytes=rotation, files=files)
    return lambda message: file.write(as_json(message.record))


def _catch_the_rest() -> None:
    """Warnings, and exceptions that would end a thread or the process."""
    logging.captureWarnings(True)
    for expected in (_ROOT_WARNING, _STATIC_WARNING):
        warnings.filterwarnings("ignore", message=expected)
    sys.excepthook = _uncaught
    threading.excepthook = lambda args: _uncaught(
        args.exc_type, args.exc_value, args.exc_traceback, where=f"thread {args.thread.name if args.thread else ''}"
    )
    sys.unraisablehook = lambda args: _uncaught(
        args.exc_type, args.exc_value, args.exc_traceback, where=str(args.err_msg or "cleaning up")
    )


def _uncaught(
    kind: type[BaseException],
    error: BaseException | None,
    trace: TracebackType | None,
    *,
    where: str = "the process, which ends",
) -> None:
    if issubclass(kind, SystemExit):
        return
    if issubclass(kind, KeyboardInterrupt):
        logger.bind(source="crowdsite").info("Interrupted from the keyboard")
        return
    found = (kind, error or kind(), trace)
    logger.bind(source="crowdsite").opt(exception=found).critical("An error that nobody expected, in {}", where)
