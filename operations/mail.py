"""Mail leaves through the server an operator has set. Django's `EMAIL_BACKEND`."""

import smtplib
import socket
import ssl
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from copy import copy
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.smtp import EmailBackend
from django.utils.translation import gettext as _

from crowdsite.errors import CrowdsiteError
from operations.models import MailSettings

TIMEOUT_SECS = 10.0


class MailNotSentError(CrowdsiteError):
    """The mail did not leave, and why."""

    code = "mail_not_sent"
    status = 502


class StoredSmtpBackend(EmailBackend):
    """SMTP with the stored mail settings, read when the connection is opened."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **{**kwargs, "timeout": kwargs.get("timeout") or TIMEOUT_SECS})

    @property
    def is_configured(self) -> bool:
        """Whether mail can leave at all."""
        return bool(MailSettings.load().smtp_host)

    def open(self) -> bool | None:
        if self.connection is None:
            stored = MailSettings.load()
            if not stored.smtp_host and self.fail_silently:
                return None
            self._take(stored)
        return super().open()

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        sender = MailSettings.load().from_addr
        return super().send_messages([_from(message, sender) for message in email_messages]) or 0

    def _take(self, stored: MailSettings) -> None:
        if not stored.smtp_host:
            raise MailNotSentError(_("No mail server is set. Enter one under Settings, Mail."), code="mail_not_set")
        self.host, self.port = stored.smtp_host, stored.smtp_port
        self.username, self.password = stored.smtp_user, stored.smtp_pass
        self.use_tls = stored.security == MailSettings.Security.STARTTLS
        self.use_ssl = stored.security == MailSettings.Security.TLS


def _from(message: EmailMessage, sender: str) -> EmailMessage:
    """A message without a sender of its own comes from the stored one."""
    if not sender or message.from_email != settings.DEFAULT_FROM_EMAIL:
        return message
    sent = copy(message)
    sent.from_email = sender
    return sent


def send_test(to: str) -> None:
    """Send one mail with the stored settings and wait for the server's answer, 10 s at most.

    Raises MailNotSentError with a sentence.
    """
    message = EmailMessage(
        subject=_("Test mail from Crowdsite"),
        body=_("This mail was sent from the settings page. Mail works."),
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[to],
        connection=StoredSmtpBackend(),
    )
    pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="test-mail")
    try:
        pool.submit(message.send).result(timeout=TIMEOUT_SECS)
    except (OSError, smtplib.SMTPException, FutureTimeoutError, UnicodeError, ValueError) as error:
        raise MailNotSentError(explain(error, MailSettings.load())) from error
    finally:
        pool.shutdown(wait=False)


def explain(error: Exception, stored: MailSettings) -> str:
    """Why a mail did not leave, for the person who set the server. The password is never part of it."""
    where = {"host": stored.smtp_host, "port": stored.smtp_port, "user": stored.smtp_user, "from": stored.from_addr}
    match error:
        case smtplib.SMTPAuthenticationError():
            text = _("The mail server refused the user name or the password (%(code)s).")
            return text % {"code": error.smtp_code}
        case smtplib.SMTPSenderRefused():
            return _("The mail server does not accept mail from “%(from)s”. Change the sender.") % where
        case smtplib.SMTPRecipientsRefused():
            return _("The mail server does not accept mail to this address.")
        case smtplib.SMTPNotSupportedError():
            return _("The mail server at %(host)s does not offer this security or login. Try another one.") % where
        case ssl.SSLError():
            return _("No secure connection to %(host)s, port %(port)s. Check port and security.") % where
        case socket.gaierror():
            return _("There is no server called %(host)s. Check its name.") % where
        case ConnectionRefusedError():
            return _("%(host)s does not accept connections on port %(port)s. Check the port.") % where
        case TimeoutError() | FutureTimeoutError():
            return (
                _("%(host)s, port %(port)s, did not answer within 10 seconds. Check the server and its port.") % where
            )
        case smtplib.SMTPServerDisconnected():
            return _("%(host)s closed the connection. Check port and security.") % where
        case smtplib.SMTPResponseException():
            answer = error.smtp_error.decode(errors="replace") if isinstance(error.smtp_error, bytes) else ""
            return _("The mail server refused the mail: %(code)s %(answer)s") % {
                "code": error.smtp_code,
                "answer": answer[:200],
            }
    return _("The mail could not be sent through %(host)s, port %(port)s.") % where
