"""The camera and site forms of the pages and of the admin. Both leave the rules to `cameras.cleaning`."""

import json
from copy import copy
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from cameras import services, validation
from cameras.capture.rules import DEFAULT_PROFILE
from cameras.cleaning import clean_camera, clean_site_values
from cameras.models import Camera, CaptureDefaults, Site
from cameras.selectors import default_site
from crowdsite.errors import CrowdsiteError

TASK_LABELS = {
    "in_count": _("Count people in"), "out_count": _("Count people out"),
    "helmet": _("Helmet worn"), "no_helmet": _("Helmet missing"), "vest": _("Vest worn"), "no_vest": _("Vest missing"),
    "goggles": _("Goggles worn"), "no_goggles": _("Goggles missing"),
    "gloves": _("Gloves worn"), "no_gloves": _("Gloves missing"),
    "mask": _("Mask worn"), "no_mask": _("Mask missing"), "boots": _("Boots worn"), "no_boots": _("Boots missing"),
    "harness": _("Harness worn"), "no_harness": _("Harness missing"),
}  # fmt: skip


class RecordForm(forms.ModelForm):
    """Writes through the service, and only what was changed: a form left open overwrites nothing else.

    `write` raises CrowdsiteError where another request was faster, for example with the same name.
    """

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        # Django copies the input into `instance` before it is known to be right; the rules need the stored record.
        self.stored = copy(self.instance) if self.instance.pk is not None else None
        self.changes: dict[str, Any] = {}

    def clean(self) -> dict[str, Any]:
        super().clean()
        names = self.fields if self.stored is None else self.changed_data
        self.changes = {name: self.cleaned_data[name] for name in names if name in self.cleaned_data}
        try:
            self.cleaned_data.update(self.check(self.changes))
        except CrowdsiteError as error:
            for name, sentences in (error.fields or {None: [error.message]}).items():
                if name not in self.errors:
                    self.add_error(name if name in self.fields else None, sentences)
        return self.cleaned_data

    def check(self, changes: dict[str, Any]) -> dict[str, Any]:
        """`changes` as the record takes them. Raises CrowdsiteError."""
        raise NotImplementedError

    def write(self) -> Camera | Site:
        """Create or update the record of a valid form."""
        raise NotImplementedError

    def save(self, commit: bool = True) -> Camera | Site:
        if not commit:
            return super().save(commit=False)
        return self.write()


class SiteForm(RecordForm):
    class Meta:
        model = Site
        fields = ["name", "timezone", "max_capacity", "warn_threshold"]

    def check(self, changes: dict[str, Any]) -> dict[str, Any]:
        return clean_site_values(changes, site=self.stored)

    def write(self) -> Site:
        if self.stored is None:
            return services.create_site(**self.changes)
        return services.update_site(site_id=self.stored.pk, **self.changes)


class CameraRowForm(RecordForm):
    """Any of a camera's plain fields, as the admin's list edits them."""

    def check(self, changes: dict[str, Any]) -> dict[str, Any]:
        return clean_camera(changes, camera=self.stored)

    def write(self) -> Camera:
        if self.stored is None:
            return services.create_camera(**self.changes)
        return services.update_camera(camera_id=self.stored.pk, **self.changes)


class CameraForm(CameraRowForm):
    """The whole camera. The address is shown without its password; left so, the password stays."""

    url = forms.CharField(
        label=_("Address"),
        max_length=Camera._meta.get_field("url").max_length,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text=_("For example rtsp://user:password@192.168.1.20/stream, a video file, or 0 for the first webcam."),
    )
    line = forms.CharField(label=_("Counting line"), required=False, widget=forms.HiddenInput)
    tasks = forms.MultipleChoiceField(
        label=_("Tasks"),
        required=False,
        choices=[(name, TASK_LABELS[name]) for name in validation.TASKS],
        widget=forms.CheckboxSelectMultiple,
    )

    class Meta:
        model = Camera
        fields = [
            "name", "url", "site", "enabled", "show", "tasks", "line", "reverse", "transport", "orientation",
            "resolution", "profile", "ffmpeg_flags",
        ]  # fmt: skip

    def __init__(self, *args: Any, sites: QuerySet[Site] | None = None, **kwargs: Any):
        """sites: those the camera may belong to, all without it."""
        super().__init__(*args, **kwargs)
        if sites is not None:
            self.fields["site"].queryset = sites
        if self.stored is None:
            self.fields["tasks"].initial = list(validation.COUNTING_TASKS)
            self.initial["tasks"] = list(validation.COUNTING_TASKS)
            self.initial.setdefault("site", default_site().pk)
        else:
            self.initial["url"] = self.stored.masked_url
        self.initial["line"] = json.dumps(self.stored.line) if self.stored and self.stored.line else ""
        self._offer_profiles()

    def _offer_profiles(self) -> None:
        """Choose from the profiles there are. A stored one that is gone stays to be seen, and may stay."""
        known = sorted(CaptureDefaults.load().pipeline_profiles)
        stored = self.stored.profile if self.stored else ""
        usual = _("default (as usual)") if DEFAULT_PROFILE in known else _("None")
        choices = [("", usual), *((name, name) for name in known if name != DEFAULT_PROFILE or name == stored)]
        if stored and stored not in known:
            choices.append((stored, _("%(name)s (does not exist any more)") % {"name": stored}))
        # The field stays one of text: a name that is on no list is refused by the rule, which says why.
        field = self.fields["profile"]
        field.widget = forms.Select(attrs={"class": field.widget.attrs.get("class", "")}, choices=choices)
        field.help_text = _("A named set of these settings, made under Settings, Capture.")

    def check(self, changes: dict[str, Any]) -> dict[str, Any]:
        kept = {} if self.stored is None else {"url": self.stored.url, "line": self.stored.line}
        return kept | super().check(changes)
