"""Every key of v81's config.json, and where it lives now. Export, import and `docs/settings.md` go by these tables."""

from dataclasses import dataclass

from django.apps import apps
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from crowdsite.store.models import SingletonModel
from operations.services import editable_fields

VERSION = 1

# Their settings stand at the top of the file under their own names; a new field appears there by itself.
TOP_LEVEL = ("tracking.TrackingSettings", "cameras.CaptureDefaults", "ppe.PpeSettings", "operations.SystemSettings")
# v81 keeps these two in `features`.
IN_FEATURES = ("in_out_counting", "ppe_detection")
MAIL = "operations.MailSettings"
MAIL_KEYS = ("smtp_host", "smtp_port", "smtp_user", "smtp_pass", "from_addr")
LIMITS = ("max_capacity", "warn_threshold")

ALIASES = {"duplicate_filter_enabled": "duplicate_filter", "show_lines": "show_line"}

# Keys that are no setting of the application any more, with the sentence that says what to do.
ELSEWHERE: dict[str, str | Promise] = {
    "redis_url": _("Belongs to the deployment: set REDIS_URL in .env."),
    "headless": _("Not needed: no display is used."),
    "stream_mode": _("Not needed: the order of capture programs is “backend_priority”."),
    "host": _("Belongs to the deployment: set WEB_HOST in .env."),
    "port": _("Belongs to the deployment: set WEB_PORT in .env."),
    "debug": _("Belongs to the deployment: set DEBUG in .env."),
    "secret_key": _("Belongs to the deployment: set SECRET_KEY in .env, or let one be made."),
    "ssl_certfile": _("Belongs to the deployment: set SSL_CERTFILE in .env."),
    "ssl_keyfile": _("Belongs to the deployment: set SSL_KEYFILE in .env."),
    "model_dir": _("Belongs to the deployment: set MODEL_DIR in .env."),
    "settings_password": _("Not needed: roles decide who may open the settings."),
    "features.visitor_management": _("The licence switches it on."),
    "features.visitor_mgmt": _("The licence switches it on."),
    "features.face_recognition": _("The licence switches it on."),
}

CAMERA_KEYS = (
    "id", "name", "url", "site_id", "enabled", "show", "transport", "orientation", "resolution", "profile",
    "ffmpeg_flags", "line", "reverse", "line_version", "tasks", "inout_count", "ppe",
)  # fmt: skip
SITE_KEYS = ("id", "name", "timezone", *LIMITS)


@dataclass(frozen=True, slots=True)
class Place:
    """A setting: its model's label and its field."""

    label: str
    field: str

    @property
    def model(self) -> type[SingletonModel]:
        return apps.get_model(self.label)


def places() -> dict[str, Place]:
    """Path in the file (`frame_skip`, `features.ppe_detection`, `email.smtp_host`) -> where the setting is kept."""
    found = {}
    for label in TOP_LEVEL:
        for field in editable_fields(apps.get_model(label)):
            path = f"features.{field.name}" if field.name in IN_FEATURES else field.name
            found[path] = Place(label, field.name)
    return found | {f"email.{name}": Place(MAIL, name) for name in MAIL_KEYS}
