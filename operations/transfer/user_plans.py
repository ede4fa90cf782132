"""v81's users, whose passwords are PBKDF2 strings of passlib."""

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts.passlib import to_django
from crowdsite.errors import CrowdsiteError
from crowdsite.roles import ADMINISTRATOR, OPERATOR, VIEWER
from operations.transfer.plan import Change, Plan, UserPlan
from operations.transfer.report import Report

ROLES = {
    "admin": ADMINISTRATOR, "administrator": ADMINISTRATOR, "superuser": ADMINISTRATOR,
    "operator": OPERATOR, "manager": OPERATOR, "editor": OPERATOR,
    "viewer": VIEWER, "user": VIEWER, "guard": VIEWER,
}  # fmt: skip
KEYS = ("username", "name", "password", "password_hash", "hash", "role")


def plan_users(said: Any, plan: Plan, report: Report) -> None:
    """A list of objects, or an object by name (of hashes, or of objects). Who exists already is left alone."""
    existing = {name.casefold() for name in User.objects.values_list("username", flat=True)}
    for path, name, entry in _entries(said):
        if not isinstance(entry, Mapping) or not isinstance(name, str) or not name.strip():
            report.error(path, _("Write an object with “username” and “password”."))
        elif name.casefold() in existing:
            report.note(path, _("“%(name)s” exists already and is left as it is.") % {"name": name[:60]})
        else:
            existing.add(name.casefold())
            _plan_user(path, name.strip(), entry, plan, report)


def _plan_user(path: str, name: str, entry: Mapping[str, Any], plan: Plan, report: Report) -> None:
    try:
        User._meta.get_field("username").clean(name, None)
    except ValidationError as error:
        report.error(f"{path}.username", " ".join(error.messages))
        return
    for key in entry:
        if key not in KEYS:
            report.note(f"{path}.{key}", _("Not understood, and left out."))
    role = ROLES.get(str(entry.get("role", "viewer")).strip().lower())
    if role is None:
        report.note(f"{path}.role", _("Not understood: “%(name)s” becomes a viewer.") % {"name": name[:60]})
    stored = next((entry[key] for key in ("password_hash", "hash", "password") if entry.get(key)), "")
    try:
        password = to_django(stored) if isinstance(stored, str) and stored else ""
    except CrowdsiteError as error:
        password = ""
        report.note(f"{path}.password", f"{_('Left out.')} {error.message}")
    plan.users.append(UserPlan(name, password, role or VIEWER))
    plan.changes.append(
        Change(_("User “%(name)s”") % {"name": name}, "", "", _("new, %(role)s") % {"role": role or VIEWER})
    )


def _entries(said: Any) -> list[tuple[str, Any, Any]]:
    if isinstance(said, Mapping):
        pairs = said.items()
        return [(f"users.{name}", name, {"password": e} if isinstance(e, str) else e) for name, e in pairs]
    if not isinstance(said, list):
        return []
    found = []
    for index, entry in enumerate(said):
        name = entry.get("username", entry.get("name")) if isinstance(entry, Mapping) else None
        found.append((f"users[{index}]", name, entry))
    return found
