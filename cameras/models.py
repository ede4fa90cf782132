"""Sites and cameras: what an operator sets.

Their rows live in Redis. What a camera is doing right now is another key with another owner, `cameras.status`.
"""

from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from cameras import validation
from cameras.address import MAX_LENGTH, mask
from crowdsite.errors import CrowdsiteError
from crowdsite.store.models import RedisModel

DEMO_SCHEME = "demo:"


def default_timezone() -> str:
    return settings.TIME_ZONE


def validate_timezone(value: str) -> None:
    """As a Django validator."""
    try:
        validation.clean_timezone(value)
    except CrowdsiteError as error:
        raise ValidationError(error.message) from error


class Site(RedisModel):
    """A place with its own clock and its own limit. A default one always exists (`selectors.default_site`)."""

    name = models.CharField(_("name"), max_length=validation.NAME_LENGTH, unique=True)
    timezone = models.CharField(
        _("time zone"),
        max_length=64,
        default=default_timezone,
        validators=[validate_timezone],
        help_text=_("Decides when a day begins, for example Europe/Berlin."),
    )
    max_capacity = models.PositiveIntegerField(
        _("limit"), null=True, blank=True, help_text=_("People allowed inside at once. Empty: no limit.")
    )
    warn_threshold = models.PositiveIntegerField(
        _("warning level"),
        null=True,
        blank=True,
        help_text=_("People inside from which on to warn. Empty: no warning."),
    )

    class Meta:
        db_table = "cameras:site"
        ordering = ["name"]
        verbose_name = _("site")
        verbose_name_plural = _("sites")

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)


class Camera(RedisModel):
    """One camera's configuration. Written through `cameras.services`, which keeps its rules.

    `tasks` is the truth about what the camera is for; `inout_count` and `ppe` are its two switches, kept in the row
    so that lists can be filtered by them and always derived from `tasks` (`save` sees to it).
    `line_version` grows whenever the meaning of a crossing changes: another line, or `reverse`.
    """

    class Orientation(models.TextChoices):
        NORMAL = "normal", _("As it is")
        ROTATE_90 = "rotate_90", _("Turned right by 90°")
        ROTATE_180 = "rotate_180", _("Upside down (180°)")
        ROTATE_270 = "rotate_270", _("Turned left by 90°")
        MIRROR = "mirror", _("Mirrored left to right")
        FLIP = "flip", _("Flipped top to bottom")

    class Transport(models.TextChoices):
        TCP = "tcp", _("TCP (no lost pictures)")
        UDP = "udp", _("UDP (less delay)")

    class Resolution(models.TextChoices):
        P480 = "480p", "480p"
        P720 = "720p", "720p"
        P1080 = "1080p", "1080p"
        ORIGINAL = "original", _("As the camera sends it")

    name = models.CharField(_("name"), max_length=validation.NAME_LENGTH, unique=True)
    url = models.CharField(_("address"), max_length=MAX_LENGTH)
    site = models.ForeignKey(Site, models.PROTECT, related_name="cameras", verbose_name=_("site"))
    enabled = models.BooleanField(
        _("enabled"), default=True, db_index=True, help_text=_("Off: no connection, no counting.")
    )
    show = models.BooleanField(_("show on the dashboard"), default=True, db_index=True)
    transport = models.CharField(
        _("transport"), max_length=10, choices=Transport.choices, default=Transport.TCP, help_text=_("For RTSP only.")
    )
    orientation = models.CharField(
        _("orientation"), max_length=20, choices=Orientation.choices, default=Orientation.NORMAL
    )
    resolution = models.CharField(_("resolution"), max_length=10, choices=Resolution.choices, default=Resolution.P720)
    profile = models.CharField(_("capture profile"), max_length=50, blank=True, default="")
    ffmpeg_flags = models.CharField(
        _("FFmpeg options"),
        max_length=500,
        blank=True,
        default="",
        help_text=_("Put before the address, for example -fflags nobuffer. Usually empty."),
    )
    line = models.JSONField(_("counting line"), null=True, blank=True)
    reverse = models.BooleanField(_("swap in and out"), default=False)
    line_version = models.PositiveIntegerField(_("line version"), default=1, editable=False)
    tasks = models.JSONField(_("tasks"), default=list, blank=True)
    inout_count = models.BooleanField(_("count people in and out"), default=True, editable=False)
    ppe = models.BooleanField(_("check protective equipment"), default=False, editable=False)
    created_at = models.DateTimeField(_("added"), auto_now_add=True)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        db_table = "cameras:camera"
        ordering = ["name"]
        verbose_name = _("camera")
        verbose_name_plural = _("cameras")

    def __str__(self) -> str:
        return self.name

    def save(self, *args, update_fields=None, **kwargs) -> None:
        self.inout_count = validation.counts(self.tasks)
        self.ppe = validation.checks_ppe(self.tasks)
        if update_fields is not None:
            update_fields = {*update_fields, "updated_at"}
            if "tasks" in update_fields:
                update_fields |= {"inout_count", "ppe"}
        super().save(*args, update_fields=update_fields, **kwargs)

    @property
    def masked_url(self) -> str:
        """The address as people may see it: without its password."""
        return mask(self.url)

    @property
    def is_demo(self) -> bool:
        return self.url.startswith(DEMO_SCHEME)

    @property
    def points(self) -> validation.Line | None:
        """The line as pairs; None = not drawn."""
        return validation.clean_line(self.line)
