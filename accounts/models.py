"""People: what an account may see, its sessions and its API tokens. Their rows live in the SQL database."""

import uuid
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from knox.models import AbstractAuthToken

USER_AGENT_LENGTH = 300
TOKEN_NAME_LENGTH = 100
# Enough to recognise a token by, and what knox looks it up by.
SHOWN_CHARACTERS = 8


class Profile(models.Model):
    """What somebody may see. Whoever has none sees all sites, as does every administrator.

    `site_ids` are numbers of records in Redis. A number whose site was deleted is never given out again, so that it
    grants nothing.
    """

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="profile")
    all_sites = models.BooleanField(_("all sites"), default=True, help_text=_("Also those that are added later."))
    site_ids = models.JSONField(_("sites"), default=list, blank=True)

    class Meta:
        verbose_name = _("visible sites")
        verbose_name_plural = _("visible sites")

    def __str__(self) -> str:
        return str(self.user)


class Session(AbstractBaseSession):
    """A login: Django's session row, and where it comes from."""

    # No constraint in the database: a request that ends while its user is deleted must not fail on it.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, db_constraint=False, related_name="sessions"
    )
    ip = models.GenericIPAddressField(null=True)
    user_agent = models.CharField(max_length=USER_AGENT_LENGTH, default="")
    created_at = models.DateTimeField(default=timezone.now)
    last_seen = models.DateTimeField(default=timezone.now)
    # What a page may name a session by; its key would be a key to the account.
    reference = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)

    class Meta(AbstractBaseSession.Meta):
        abstract = False
        verbose_name = _("session")
        verbose_name_plural = _("sessions")

    @classmethod
    def get_session_store_class(cls) -> Any:
        from accounts.sessions import SessionStore  # the store is built on this model

        return SessionStore


class ApiToken(AbstractAuthToken):
    """A program's key to the API. Only its hash is kept."""

    reference = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(_("name"), max_length=TOKEN_NAME_LENGTH)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True, editable=False)

    class Meta:
        ordering = ["-created"]
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")

    def __str__(self) -> str:
        return self.name

    @property
    def shown(self) -> str:
        """How it begins."""
        return str(self.token_key[:SHOWN_CHARACTERS])

    def expired(self, at: datetime) -> bool:
        """Whether it is refused at this time."""
        return self.expiry is not None and self.expiry <= at
