"""Mail with links to set a password. Sent by the task workers: a page neither waits for a mail server nor shows by its
time whether an address is known.
"""

import logging

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.auth.tokens import default_token_generator
from django.core.mail import EmailMessage, get_connection
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from django.utils.translation import gettext as _

logger = logging.getLogger(__name__)


def mail_is_configured() -> bool:
    """Whether mail leaves at all. A backend that knows says so by `is_configured`."""
    return bool(getattr(get_connection(), "is_configured", True))


def public_address(request: HttpRequest) -> str:
    """Where people reach this installation, for links in mail; empty when it is not certain.

    Anybody can send any Host header. Unless PUBLIC_URL or ALLOWED_HOSTS says what is right, a stranger could have a
    link to a server of his own mailed to somebody.
    """
    if settings.PUBLIC_URL:
        return settings.PUBLIC_URL.rstrip("/")
    certain = not any(host == "*" or host.startswith(".") for host in settings.ALLOWED_HOSTS)
    return f"{request.scheme}://{request.get_host()}" if certain and settings.ALLOWED_HOSTS else ""


def offers_reset(request: HttpRequest) -> bool:
    """Whether somebody who forgot the password is helped by mail."""
    return bool(public_address(request)) and mail_is_configured()


def send_invitation(user: User, address: str) -> None:
    """The first password. `address` = where this installation is reached."""
    _send(user, address, _("Your account at Crowdsite"), "accounts/mail_invitation.txt")


def send_reset(email: str, address: str) -> int:
    """A link for everybody active with this mail address who has a password. Returns how many."""
    found = [
        user
        for user in User.objects.filter(email__iexact=email, is_active=True)
        if user.has_usable_password() and user.email.casefold() == email.casefold()
    ]
    for user in found:
        _send(user, address, _("A new password for Crowdsite"), "accounts/mail_reset.txt")
    return len(found)


def _send(user: User, address: str, subject: str, template: str) -> None:
    code = {"uidb64": urlsafe_base64_encode(force_bytes(user.pk)), "token": default_token_generator.make_token(user)}
    link = address + reverse("password-set", kwargs=code)
    days = settings.PASSWORD_RESET_TIMEOUT // 86400
    text = render_to_string(template, {"person": user, "link": link, "address": address, "days": days})
    EmailMessage(subject, text, to=[user.email]).send()
