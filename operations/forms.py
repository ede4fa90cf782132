"""The form of one page of settings, made from the model: what a setting is stands there once."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.forms.models import fields_for_model
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from cameras.models import validate_kept_secs
from cameras.profiles import KEPT_RANGE
from crowdsite.errors import CrowdsiteError
from operations.pages import Page
from operations.services import SECRET_FIELDS, change_settings, check_settings, default_of
from operations.transfer.values import plain

SEEN = "seen"
REMOVE = "remove_"


class WordsField(forms.CharField):
    """A list of words, typed with commas; a JSON list is understood too."""

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(str(word) for word in value) if isinstance(value, list | tuple) else value

    def to_python(self, value: Any) -> list[str]:
        if value and value.strip().startswith("["):
            value = value.strip().strip("[]").replace('"', "").replace("'", "")
        return [word.strip() for word in (super().to_python(value) or "").split(",") if word.strip()]


class StructureField(forms.CharField):
    """A JSON object, typed as text. What cannot be read is answered with the line it breaks off at."""

    widget = forms.Textarea(attrs={"rows": 8, "spellcheck": "false"})

    def prepare_value(self, value: Any) -> Any:
        return value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True)

    def to_python(self, value: Any) -> Any:
        try:
            found = json.loads(value or "{}", parse_constant=_refuse_constant)
            json.dumps(found, ensure_ascii=False).encode()  # half a surrogate pair is no text
        except json.JSONDecodeError as error:
            sentence = _("This cannot be read as JSON: line %(line)s, character %(column)s. %(reason)s.")
            raise forms.ValidationError(
                sentence % {"line": error.lineno, "column": error.colno, "reason": error.msg}
            ) from error
        except (ValueError, RecursionError) as error:
            raise forms.ValidationError(_("This cannot be read as JSON.")) from error
        if not isinstance(found, dict):
            raise forms.ValidationError(_("Write one JSON object: names in quotation marks, each with its settings."))
        return found


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON number")


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the page. default: as it would be typed; None where there is nothing to go back to."""

    field: forms.BoundField
    hint: str
    is_check: bool
    is_wide: bool
    changed: bool
    default: str | None
    has_secret: bool = False


class SettingsForm(forms.Form):
    """Every editable field of `page.model`; saves through `operations.services`, changed fields only.

    `seen`, a hidden field, says what was stored when the page was sent: so two people do not undo each other silently.
    """

    def __init__(self, page: Page, data: Any = None, *, may_change: bool = True):
        self.page = page
        self.record = page.model.load()
        super().__init__(data)
        names = [name for group in page.all_groups() for name in group.fields]
        self.fields.update(fields_for_model(page.model, fields=names, formfield_callback=_form_field))
        for name, field in self.fields.items():
            field.disabled = not may_change
            if name in SECRET_FIELDS:
                field.required = False
            else:
                self.initial[name] = plain(getattr(self.record, name))
        self.seen: dict[str, Any] = self._seen(data)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        changes = self.changes()
        try:
            check_settings(self.page.model, {name: cleaned[name] for name in changes if name in cleaned})
        except CrowdsiteError as error:
            self._show(error)
        return cleaned

    def changes(self) -> dict[str, Any]:
        """What the person has changed, against what they had seen."""
        wanted = {}
        for name, value in self.cleaned_data.items():
            if name in SECRET_FIELDS:
                if value or self.data.get(REMOVE + name):
                    wanted[name] = value
            elif name not in self.seen or self.seen[name] != value:
                wanted[name] = value
        return wanted

    def save(self) -> bool:
        """Whether it was stored; the form says why not."""
        try:
            change_settings(self.page.model, self.changes(), seen=self.seen)
        except CrowdsiteError as error:
            self._show(error)
            # Saving again means these values, now that the others have been shown.
            self.record = self.page.model.load()
            self.seen = self._stored()
            return False
        return True

    def put_back(self, name: str) -> None:
        """Show the default of `name` in a form that was sent, everything else as it was typed."""
        self.data = self.data.copy()
        if isinstance(self.fields[name], forms.BooleanField):
            self.data.pop(name, None)
            if default_of(self.page.model, name):
                self.data[name] = "on"
        else:
            self.data[name] = self._typed(name, default_of(self.page.model, name))

    @property
    def seen_json(self) -> str:
        return json.dumps(self.seen)

    def groups(self) -> Iterator[tuple[str | Promise, str | Promise, list[Setting]]]:
        """Title, hint and rows of each group."""
        for group in self.page.all_groups():
            yield group.title, group.hint, [self._setting(name) for name in group.fields]

    def _setting(self, name: str) -> Setting:
        field, model_field = self[name], self.page.model._meta.get_field(name)
        secret = name in SECRET_FIELDS
        default = default_of(self.page.model, name)
        stored = getattr(self.record, name)
        return Setting(
            field=field,
            hint=" ".join(part for part in (str(field.help_text), _range(model_field, field.field)) if part),
            is_check=isinstance(field.field, forms.BooleanField),
            is_wide=isinstance(field.field, StructureField),
            changed=not secret and stored != default,
            default=None if secret else self._typed(name, default),
            has_secret=secret and bool(stored),
        )

    def _typed(self, name: str, value: Any) -> str:
        if isinstance(value, bool):
            return "on" if value else ""
        return str(self.fields[name].prepare_value(plain(value)))

    def _stored(self) -> dict[str, Any]:
        return {name: getattr(self.record, name) for name in self.fields if name not in SECRET_FIELDS}

    def _seen(self, data: Any) -> dict[str, Any]:
        try:
            sent = json.loads(data[SEEN]) if data else None
        except (KeyError, ValueError, RecursionError):
            sent = None
        return sent if isinstance(sent, dict) else self._stored()

    def _show(self, error: CrowdsiteError) -> None:
        for name, sentences in (error.fields or {"": [error.message]}).items():
            if name not in self.errors:
                self.add_error(name if name in self.fields else None, sentences)


def _form_field(field: models.Field, **kwargs: Any) -> forms.Field:
    """As Django makes it; lists of words and JSON objects become something a person can type."""
    shared = {"label": _label(field), "help_text": _help(field), "required": not field.blank}
    if isinstance(field, models.JSONField):
        kind = WordsField if isinstance(field.get_default(), list | tuple) else StructureField
        return kind(**{**shared, "required": kind is WordsField and not field.blank})
    if field.name in SECRET_FIELDS:
        widget = forms.PasswordInput(attrs={"autocomplete": "new-password"})
        return forms.CharField(**{**shared, "required": False}, max_length=field.max_length, widget=widget, strip=False)
    found = field.formfield(**kwargs)
    found.label = shared["label"]
    found.error_messages |= {
        "min_value": _("Use %(limit_value)s or more."),
        "max_value": _("Use %(limit_value)s or less."),
    }
    if isinstance(found.widget, forms.NumberInput):
        found.widget.attrs["inputmode"] = "decimal" if isinstance(field, models.FloatField) else "numeric"
    return found


def _help(field: models.Field) -> str:
    """The model's words; the example of a list as it is typed here."""
    return re.sub(r"\[(\"[^\]]*\")\]", lambda found: found[1].replace('"', ""), str(field.help_text))


def _label(field: models.Field) -> str:
    name = str(field.verbose_name)
    return name[:1].upper() + name[1:]


def _range(field: models.Field, form_field: forms.Field) -> str:
    """Where a number may lie, and what anything is before somebody changes it."""
    low, high = (
        next((found.limit_value for found in field.validators if isinstance(found, kind)), None)
        for kind in (MinValueValidator, MaxValueValidator)
    )
    parts = []
    if validate_kept_secs in field.validators:
        parts.append(_("0, or from %(low)s to %(high)s.") % {"low": KEPT_RANGE[0], "high": high})
    elif isinstance(field, models.FloatField | models.IntegerField) and high is not None:
        parts.append(_("From %(low)s to %(high)s.") % {"low": low or 0, "high": high})
    default = field.get_default()
    if isinstance(default, bool):
        parts.append(_("Default: on.") if default else _("Default: off."))
    elif field.choices:
        parts.append(_("Default: %(value)s.") % {"value": dict(field.flatchoices).get(default, default)})
    elif default not in ("", None, [], {}) and not isinstance(form_field, StructureField):
        parts.append(_("Default: %(value)s.") % {"value": form_field.prepare_value(plain(default))})
    return " ".join(parts)
