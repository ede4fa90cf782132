"""What an operator sets for the installation itself: mail and logs."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from crowdsite.store.models import SingletonModel


class MailSettings(SingletonModel):
    """How mail leaves (v81's `email`). The password is written and never shown again."""

    class Security(models.TextChoices):
        NONE = "none", _("None")
        STARTTLS = "starttls", _("STARTTLS (usually port 587)")
        TLS = "tls", _("TLS from the start (usually port 465)")

    smtp_host = models.CharField(
        _("mail server"), max_length=253, blank=True, default="", help_text=_("Empty: no mail is sent.")
    )
    smtp_port = models.PositiveIntegerField(
        _("port"), default=587, validators=[MinValueValidator(1), MaxValueValidator(65535)]
    )
    smtp_user = models.CharField(
        _("user"), max_length=254, blank=True, default="", help_text=_("Empty: the server is used without a login.")
    )
    smtp_pass = models.CharField(
        _("password"), max_length=500, blank=True, default="", help_text=_("Written, and never shown again.")
    )
    security = models.CharField(
        _("security"),
        max_length=10,
        choices=Security.choices,
        default=Security.STARTTLS,
        help_text=_("Without it, user and password can be read on the way to the server."),
    )
    from_addr = models.EmailField(
        _("sender"),
        blank=True,
        default="",
        help_text=_("The address mail comes from. Most servers insist on their own."),
    )

    class Meta:
        verbose_name = _("mail settings")
        verbose_name_plural = _("mail settings")

    def __str__(self) -> str:
        return str(_("Mail settings"))


class SystemSettings(SingletonModel):
    """Read by every process every few seconds."""

    class LogLevel(models.TextChoices):
        DEFAULT = "", _("As LOG_LEVEL says")
        DEBUG = "DEBUG", _("Debug: everything")
        INFO = "INFO", _("Info: one line for each event")
        WARNING = "WARNING", _("Warning: what needs a look")
        ERROR = "ERROR", _("Error: what failed")

    log_level = models.CharField(
        _("log level"),
        max_length=10,
        choices=LogLevel.choices,
        blank=True,
        default=LogLevel.DEFAULT,
        help_text=_("How much is written to the logs of all machines. Debug grows quickly: switch it back afterwards."),
    )

    class Meta:
        verbose_name = _("system settings")
        verbose_name_plural = _("system settings")

    def __str__(self) -> str:
        return str(_("System settings"))
