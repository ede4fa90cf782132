"""From a value in a file to one that a settings field takes: JSON's own types, and the spellings people use."""

import math
from typing import Any

from django.db import models
from django.utils.translation import gettext as _

from cameras.cleaning import clean_flag
from crowdsite.errors import CrowdsiteError


def coerce(field: models.Field, value: Any) -> Any:
    """`value` in the type of `field`. Ranges are the model's business. Raises CrowdsiteError."""
    match field:
        case models.BooleanField():
            return clean_flag(value, called=field.name)
        case models.IntegerField():
            number = _number(value)
            if number != int(number):
                raise CrowdsiteError(_("Write a whole number."))
            return int(number)
        case models.FloatField():
            return _number(value)
        case models.JSONField():
            return _structure(field, value)
    if not isinstance(value, str):
        raise CrowdsiteError(_("Write text in quotation marks."))
    return _choice(field, value) if field.choices else value


def plain(value: Any) -> Any:
    """A stored value as the file says it: 10 for 10.0, so that a default and what was stored from it read alike."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _number(value: Any) -> float:
    try:
        number = math.nan if isinstance(value, bool) or value is None else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise CrowdsiteError(_("Write a number."))
    return number


def _structure(field: models.JSONField, value: Any) -> Any:
    if isinstance(field.get_default(), list):
        if isinstance(value, str):
            return [word.strip() for word in value.split(",") if word.strip()]
        if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
            raise CrowdsiteError(_('Write a list of names, for example ["person", "vehicle"].'))
    elif not isinstance(value, dict):
        raise CrowdsiteError(_("Write an object, { … }."))
    return value


def _choice(field: models.Field, value: str) -> str:
    allowed = [str(key) for key, _label in field.flatchoices]
    for key in allowed:
        if key.casefold() == value.strip().casefold():
            return key
    named = ", ".join(key for key in allowed if key)
    raise CrowdsiteError(_("There is no “%(value)s”. Use one of: %(named)s.") % {"value": value[:40], "named": named})
