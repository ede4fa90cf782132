"""One log stream: Loguru on stderr, with what Django, Celery, uvicorn and libraries log through the standard module."""

import logging
import sys
from collections.abc import Mapping

from loguru import logger

FORMAT = "{time:YYYY-MM-DD HH:mm:ss.SSS} {level: <7} {extra[source]}: {message}"


class ToLoguru(logging.Handler):
    """Hands records of the standard module over, under the name of the logger that wrote them."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            level: str | int = logger.level(record.levelname).name
        except ValueError:
            level = record.levelno
        logger.bind(source=record.name).opt(exception=record.exc_info).log(level, "{}", record.getMessage())


def _with_source(record: dict) -> None:
    record["extra"].setdefault("source", record["name"])


def configure_logging(options: Mapping[str, str]) -> None:
    """Take over all logging of this process (Django calls it with settings.LOGGING: `level`)."""
    level = options["level"].upper()
    # Without `diagnose`: it prints the values of variables into tracebacks, passwords of cameras among them.
    sink = {"sink": sys.stderr, "level": level, "format": FORMAT, "backtrace": False, "diagnose": False}
    logger.configure(handlers=[sink], patcher=_with_source)
    logging.basicConfig(handlers=[ToLoguru()], level=level, force=True)
    # Chatty at INFO without telling an operator anything.
    for name in ("celery.app.trace", "celery.worker.strategy", "celery.beat", "uvicorn.access"):
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelName(level)))
