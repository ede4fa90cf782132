"""The session engine (`SESSION_ENGINE`): Django's database sessions, each with its owner, origin and last sign of life.

A session ends SESSION_COOKIE_AGE after it began to be used, after SESSION_IDLE_SECS without a request, or when its row
is deleted: a row that is gone cannot be written again, so a running request does not bring it back.
"""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.utils import timezone

from accounts.models import Session


class SessionStore(DatabaseStore):
    """`record` is the row this session was loaded from, None for a new one."""

    record: Session | None = None

    @classmethod
    def get_model_class(cls) -> type[Session]:
        return Session

    def _get_session_from_db(self) -> Session | None:
        return self._usable(super()._get_session_from_db())

    async def _aget_session_from_db(self) -> Session | None:
        return self._usable(await super()._aget_session_from_db())

    def _usable(self, found: Session | None) -> Session | None:
        if found is not None and ended_at(found) <= timezone.now():
            self._session_key = None
            found = None
        self.record = found
        return found

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        return self._described(super().create_model_instance(data), data)

    async def acreate_model_instance(self, data: dict[str, Any]) -> Session:
        return self._described(await super().acreate_model_instance(data), data)

    def _described(self, row: Session, data: dict[str, Any]) -> Session:
        known = self.record
        row.user_id = data.get(SESSION_KEY)
        row.last_seen = row.created_at
        if known is not None and known.session_key == row.session_key:
            for name in ("ip", "user_agent", "created_at", "last_seen", "reference"):
                setattr(row, name, getattr(known, name))
        row.expire_date = min(row.expire_date, row.created_at + timedelta(seconds=settings.SESSION_COOKIE_AGE))
        self.record = row
        return row


def ended_at(session: Session) -> datetime:
    """When this session ends by itself if nobody uses it any more."""
    return min(session.expire_date, session.last_seen + timedelta(seconds=settings.SESSION_IDLE_SECS))
