"""Follows the log level that an operator sets at run time. A step of `operations.heartbeat`, in each process."""

from django.conf import settings
from loguru import logger

from crowdsite import logging, masking
from operations.models import MailSettings, SystemSettings


def follow_log_level() -> None:
    """Log at the level of the system settings, or at LOG_LEVEL where they leave it open.

    Raises redis.RedisError or django.db.OperationalError while Redis is away; the level stays as it is then.
    """
    wanted = SystemSettings.load().log_level or str(settings.LOGGING["level"]).upper()
    # What one process sends by mail, any may have to hide: an error of the mail server quotes it.
    masking.register(MailSettings.load().smtp_pass)
    before = logging.level()
    if wanted in logging.LEVELS and wanted != before:
        logging.set_level(min(wanted, before, key=logging.LEVELS.index))
        logger.info("The log level is {} now, it was {}", wanted, before)
        logging.set_level(wanted)
