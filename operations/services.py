"""Writing the settings: the one door for pages, admin, import and commands."""

from collections.abc import Mapping
from typing import Any, TypeVar

from auditlog.context import disable_auditlog
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.utils.translation import gettext as _

from crowdsite.errors import CrowdsiteError
from crowdsite.store.models import SingletonModel

Settings = TypeVar("Settings", bound=SingletonModel)

# Kept, never shown: a page that knows them could not compare them with what it showed.
SECRET_FIELDS = frozenset({"smtp_pass"})


class ChangedMeanwhileError(CrowdsiteError):
    """Somebody else saved other values of the same fields in the meantime. `fields` says which."""

    code = "changed_meanwhile"
    status = 409


def check_settings(model: type[Settings], changes: Mapping[str, Any]) -> Settings:
    """The record as it would be after `changes`, not saved. Raises CrowdsiteError with a sentence for each field."""
    record = model.load()
    known = {field.name for field in editable_fields(model)}
    errors = {name: [_("There is no such setting.")] for name in changes if name not in known}
    for name in known & set(changes):
        setattr(record, name, changes[name])
    untouched = {field.name for field in model._meta.fields} - set(changes)
    try:
        record.clean_fields(exclude=untouched)
        record.clean()
    except ValidationError as error:
        for name, found in error.update_error_dict({}).items():
            said = [sentence for one in found for sentence in _in_words(one)]
            errors.setdefault("" if name == NON_FIELD_ERRORS else name, []).extend(said)
    if errors:
        first = next(iter(errors.values()))[0]
        raise CrowdsiteError(first, fields=errors)
    return record


def change_settings(
    model: type[Settings], changes: Mapping[str, Any], *, seen: Mapping[str, Any] | None = None
) -> Settings:
    """Write the fields of `changes` that differ from what is stored, and no others.

    seen: what the person saw in those fields when they began. Where somebody has saved something else since, nothing
    is written and ChangedMeanwhileError names the fields. Raises CrowdsiteError for values that are not allowed.
    """
    checked = check_settings(model, changes)
    _ensure_row(model)
    stored = model.load()
    changed = [name for name in changes if getattr(stored, name) != getattr(checked, name)]
    _refuse_changed_meanwhile(stored, changed, seen or {})
    for name in changed:
        setattr(stored, name, getattr(checked, name))
    if changed:
        stored.save(update_fields=changed)
    return stored


def editable_fields(model: type[SingletonModel]) -> list[Any]:
    """Every field that is a setting, in the model's order."""
    return [field for field in model._meta.fields if not field.primary_key and field.editable]


def default_of(model: type[SingletonModel], name: str) -> Any:
    """What the setting is before anybody changes it."""
    return model._meta.get_field(name).get_default()


def _in_words(error: ValidationError) -> list[str]:
    """What to type instead, where Django says what must be ensured."""
    match error.code:
        case "max_value":
            return [_("Use %(limit_value)s or less.") % error.params]
        case "min_value":
            return [_("Use %(limit_value)s or more.") % error.params]
    return list(error.messages)


def _ensure_row(model: type[SingletonModel]) -> None:
    """A row of defaults, so that two first writers of different fields lose nothing; no change worth recording."""
    with disable_auditlog():
        model.objects.get_or_create(pk=1)


def _refuse_changed_meanwhile(stored: SingletonModel, changed: list[str], seen: Mapping[str, Any]) -> None:
    sentence = _("Somebody else has set this to “%(value)s” in the meantime. Save again to replace it.")
    fields = {
        name: [sentence % {"value": getattr(stored, name)}]
        for name in changed
        if name in seen and name not in SECRET_FIELDS and getattr(stored, name) != seen[name]
    }
    if fields:
        raise ChangedMeanwhileError(_("Somebody else has saved these settings in the meantime."), fields=fields)
