"""The tabs of `/settings`, in order. A page appears for those who hold its permission."""

from dataclasses import dataclass

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Tab:
    """permission: what one needs to see the page; its view asks for the same."""

    slug: str
    title: str | Promise
    permission: str

    @property
    def url(self) -> str:
        return f"/settings/{self.slug}"


TABS = (
    Tab("sites", _("Sites"), "cameras.view_site"),
    Tab("counting", _("Counting"), "tracking.view_trackingsettings"),
    Tab("capture", _("Capture"), "cameras.view_capturedefaults"),
    Tab("equipment", _("Equipment"), "ppe.view_ppesettings"),
    Tab("mail", _("Mail"), "operations.view_mailsettings"),
    Tab("people", _("People"), "auth.view_user"),
    Tab("licence", _("Licence"), "licensing.view_licence"),
    # An import may bring users, an export passwords: for those who may do both anyway.
    Tab("transfer", _("Import and export"), "auth.change_user"),
    Tab("activity", _("Activity"), "auditlog.view_logentry"),
    Tab("system", _("System"), "operations.view_systemsettings"),
)


def tabs_for(user: AbstractBaseUser | AnonymousUser) -> list[Tab]:
    """Those `user` may open."""
    return [tab for tab in TABS if user.has_perm(tab.permission)]
