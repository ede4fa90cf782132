"""Sites and cameras: what an operator sets.

Their rows live in Redis. What a camera is doing right now is another key with another owner, `cameras.status`.
"""

from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from cameras import profiles, validation
from cameras.address import MAX_LENGTH, mask
from cameras.capture.rules import CaptureRules
from cameras.capture.settings import DEFAULT_FFMPEG_FLAGS
from crowdsite.errors import CrowdsiteError
from crowdsite.store.models import RedisModel, SingletonModel

DEMO_SCHEME = "demo:"


def default_timezone() -> str:
    return settings.TIME_ZONE


def validate_timezone(value: str) -> None:
    """As a Django validator."""
    try:
        validation.clean_timezone(value)
    except CrowdsiteError as error:
        raise ValidationError(error.message) from error


def validate_kept_secs(value: int) -> None:
    """As a Django validator."""
    if 0 < value < profiles.KEPT_RANGE[0]:
        raise ValidationError(_("Use 0 to keep none, or a whole number from 5 to 60."))


def default_backends() -> list[str]:
    return list(profiles.BACKENDS)


class CaptureDefaults(SingletonModel):
    """How cameras are opened unless their profile or they themselves say otherwise.

    Read by every node once a second. A change opens again those cameras alone that it concerns, within two seconds.
    """

    backend_priority = models.JSONField(
        _("capture programs"),
        default=default_backends,
        help_text=_(
            "The programs that open cameras, in the order in which they are tried: ffmpeg, gstreamer, opencv. The next "
            "one is tried when one is not installed, cannot decode a camera's video, or gives no picture. Video files "
            "are read by FFmpeg alone, so keep it in the list for them; GStreamer opens RTSP cameras and webcams."
        ),
    )
    enable_gstreamer = models.BooleanField(
        _("use GStreamer"),
        default=True,
        help_text=_("Off: GStreamer is never tried. A machine without GStreamer passes over it by itself."),
    )
    ffmpeg_flags = models.CharField(
        _("FFmpeg options"),
        max_length=500,
        blank=True,
        default=DEFAULT_FFMPEG_FLAGS,
        help_text=_(
            "Put before the address of every camera that has no options of its own or of its profile. The usual ones, "
            "-flags low_delay -fflags nobuffer, keep the delay small. Only options for reading a stream are accepted."
        ),
    )
    capture_buffer = models.PositiveIntegerField(
        _("pictures kept"),
        default=1,
        validators=[MinValueValidator(profiles.BUFFER_RANGE[0]), MaxValueValidator(profiles.BUFFER_RANGE[1])],
        help_text=_(
            "Pictures of a camera that may wait for the detector before the oldest is dropped. 1 analyses the newest "
            "picture and has the least delay. More bridges short spikes of work; each adds up to one interval between "
            "two pictures to the delay while the machine is busy."
        ),
    )
    local_buffer_size = models.PositiveIntegerField(
        _("pictures kept, webcams"),
        default=1,
        validators=[MinValueValidator(profiles.BUFFER_RANGE[0]), MaxValueValidator(profiles.BUFFER_RANGE[1])],
        help_text=_("The same for webcams that are plugged into the machine."),
    )
    capture_buffer_seconds = models.PositiveIntegerField(
        _("seconds of video kept"),
        default=0,
        validators=[MinValueValidator(0), validate_kept_secs, MaxValueValidator(profiles.KEPT_RANGE[1])],
        help_text=_(
            "The last seconds of each camera's own video, to be saved from its page: 5 to 60, or 0 to keep none. It is "
            "kept in memory, as the camera sends it and without sound: at 4 Mbit a second, 10 seconds take 5 MB a "
            "camera; 24 MB are the most. For cameras that send H.264 or H.265 and are opened with FFmpeg."
        ),
    )
    pipeline_profiles = models.JSONField(
        _("capture profiles"),
        default=dict,
        blank=True,
        help_text=_(
            "Named settings that a camera can choose. Keys: backend, transport, resolution, fps, ffmpeg_flags, "
            'capture_buffer, capture_buffer_seconds. For example {"gate": {"transport": "udp", "resolution": "480p", '
            '"fps": 5}}. A profile called default holds for every camera that chooses none. What a camera sets '
            "itself comes first."
        ),
    )

    class Meta:
        db_table = "cameras:capturedefaults"
        verbose_name = _("capture settings")
        verbose_name_plural = _("capture settings")

    def __str__(self) -> str:
        return str(_("Capture settings"))

    def rules(self) -> CaptureRules:
        """For whoever opens cameras."""
        return CaptureRules(
            backends=tuple(name for name in self.backend_priority if name != "gstreamer" or self.enable_gstreamer),
            ffmpeg_flags=self.ffmpeg_flags,
            buffer=self.capture_buffer,
            webcam_buffer=self.local_buffer_size,
            kept_secs=self.capture_buffer_seconds,
            profiles=self.pipeline_profiles,
        )

    def clean(self) -> None:
        """Bring loose input to its stored form; the form, the admin and imports all pass here."""
        cleaners = {
            "backend_priority": profiles.clean_backend_priority,
            "ffmpeg_flags": validation.clean_ffmpeg_flags,
            "pipeline_profiles": profiles.clean_profiles,
        }
        errors = {}
        for name, cleaned in cleaners.items():
            try:
                setattr(self, name, cleaned(getattr(self, name)))
            except CrowdsiteError as error:
                errors[name] = error.message
        if errors:
            raise ValidationError(errors)


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
        AUTO = "auto", _("As usual (TCP)")
        TCP = "tcp", _("TCP (no lost pictures)")
        UDP = "udp", _("UDP (less delay)")

    class Resolution(models.TextChoices):
        AUTO = "auto", _("As usual (720p)")
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
        _("transport"),
        max_length=10,
        choices=Transport.choices,
        default=Transport.AUTO,
        help_text=_("For RTSP only. As usual: what the capture profile says."),
    )
    orientation = models.CharField(
        _("orientation"), max_length=20, choices=Orientation.choices, default=Orientation.NORMAL
    )
    resolution = models.CharField(
        _("resolution"),
        max_length=10,
        choices=Resolution.choices,
        default=Resolution.AUTO,
        help_text=_("As usual: what the capture profile says."),
    )
    profile = models.CharField(
        _("capture profile"),
        max_length=50,
        blank=True,
        default="",
        help_text=_("One of the profiles of the capture settings. Empty: the one called default, where there is one."),
    )
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
