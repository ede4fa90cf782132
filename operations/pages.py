"""Which settings stand on which page, in which groups. A field that no group names appears under the last one."""

from dataclasses import dataclass

from django.apps import apps
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from crowdsite.store.models import SingletonModel
from operations.services import editable_fields


@dataclass(frozen=True, slots=True)
class Group:
    """fields: names, in the order of the page."""

    title: str | Promise
    fields: tuple[str, ...]
    hint: str | Promise = ""


@dataclass(frozen=True, slots=True)
class Page:
    """The page of one singleton. label: `app.Model`. effect: when a change is at work, in words. note: what has to be
    known before anything on it is changed."""

    slug: str
    label: str
    effect: str | Promise
    groups: tuple[Group, ...]
    note: str | Promise = ""

    @property
    def model(self) -> type[SingletonModel]:
        return apps.get_model(self.label)

    def all_groups(self) -> tuple[Group, ...]:
        """Every setting of the model, those that are named nowhere in a group at the end."""
        named = {name for group in self.groups for name in group.fields}
        existing = [field.name for field in editable_fields(self.model)]
        groups = [
            Group(group.title, kept, group.hint)
            for group in self.groups
            if (kept := tuple(name for name in group.fields if name in existing))
        ]
        rest = tuple(name for name in existing if name not in named)
        return (*groups, Group(_("More"), rest)) if rest else tuple(groups)


PAGES = (
    Page(
        "counting",
        "tracking.TrackingSettings",
        _("Every node follows within two seconds, without a restart."),
        (
            Group(
                _("Detection"), ("person_model", "device", "imgsz", "confidence", "track_objects", "in_out_counting")
            ),
            Group(
                _("Load"),
                (
                    "detector_fps",
                    "frame_skip",
                    "adaptive_skip",
                    "cpu_limit_percent",
                    "duplicate_filter",
                    "duplicate_threshold",
                ),
                _("How much of each camera is looked at. Less is cheaper and counts less well."),
            ),
            Group(_("Drawn on live pictures"), ("show_line", "show_ids", "show_counts")),
            Group(_("History"), ("person_log_retention_days",)),
        ),
    ),
    Page(
        "capture",
        "cameras.CaptureDefaults",
        _("Cameras concerned are opened again within seconds."),
        (
            Group(
                _("How cameras are opened"),
                ("backend_priority", "enable_gstreamer", "ffmpeg_flags"),
                _("For cameras that say nothing of their own."),
            ),
            Group(_("Pictures that wait"), ("capture_buffer", "local_buffer_size")),
            Group(
                _("Video kept"),
                ("capture_buffer_seconds",),
                _("So that what happened a moment ago can be saved from a camera's page."),
            ),
            Group(
                _("Capture profiles"),
                ("pipeline_profiles",),
                _("Named sets of the settings above. A camera uses one by its name."),
            ),
        ),
    ),
    Page(
        "equipment",
        "ppe.PpeSettings",
        _("Kept for the checks of a later version."),
        (
            Group(_("What is checked"), ("ppe_detection", "ppe_model", "track_ppe")),
            Group(_("Results"), ("duplicate_bypass_seconds", "ppe_log_retention_secs")),
        ),
        note=_(
            "This version does not check protective equipment. What you set here and import from former versions is "
            "kept; nothing acts on it yet."
        ),
    ),
    Page(
        "mail",
        "operations.MailSettings",
        _("The next mail uses them."),
        (
            Group(_("Mail server"), ("smtp_host", "smtp_port", "security")),
            Group(_("Who sends"), ("smtp_user", "smtp_pass", "from_addr")),
        ),
    ),
    Page(
        "system",
        "operations.SystemSettings",
        _("Every process follows within seconds."),
        (Group(_("Logs"), ("log_level",)),),
    ),
)
BY_SLUG = {page.slug: page for page in PAGES}
