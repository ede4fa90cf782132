"""The licence at work. One record in Redis, so that every process of every machine sees the same."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from crowdsite.store.models import SingletonModel


class Licence(SingletonModel):
    """Written through `licensing.services`; what it means is `licensing.selectors.licence_status`.

    license_key, previous_key: secrets, written and never shown again. The previous one, replaced or removed at
    `previous_until` less 30 days, can be brought back. public_keys: those of this installation's machines, PEM by
    fingerprint; never a private one.
    """

    license_key = models.TextField(_("licence key"), blank=True, default="")
    activated_at = models.DateTimeField(_("activated"), null=True, blank=True)
    activated_by = models.CharField(_("activated by"), max_length=150, blank=True, default="")
    previous_key = models.TextField(blank=True, default="", editable=False)
    previous_until = models.DateTimeField(null=True, blank=True, editable=False)
    public_keys = models.JSONField(default=dict, blank=True, editable=False)

    # What no log, export or answer may hold.
    SECRET_FIELDS = ("license_key", "previous_key")

    class Meta:
        db_table = "licensing:licence"
        verbose_name = _("licence")
        verbose_name_plural = _("licence")

    def __str__(self) -> str:
        return str(_("Licence"))
