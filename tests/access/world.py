"""Two sites, a camera at the first, and people who may do more or less: asked for one address at a time.

Every request meets the same records, whatever the one before it has changed.
"""

import json
import time
from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import User
from django.contrib.messages import ERROR, WARNING, get_messages
from django.core.cache import cache
from django.db import transaction
from django.http.response import HttpResponseBase
from django.test import Client

from accounts.models import ApiToken, Profile, Session
from cameras import services
from cameras.live import pack, still_key
from cameras.selectors import default_site
from cameras.status import CameraStatus, write_status
from crowdsite.roles import ADMINISTRATOR, OPERATOR, ROLES, VIEWER
from crowdsite.store.connection import client as redis_client
from tests.access.routes import fill
from tests.support.people import api_token, person

# Who works for another site only: the records of the addresses are not theirs.
VIEWER_ELSEWHERE, OPERATOR_ELSEWHERE = "viewer elsewhere", "operator elsewhere"
NOBODY = "nobody"
EVERYBODY = (NOBODY, VIEWER, OPERATOR, ADMINISTRATOR, VIEWER_ELSEWHERE, OPERATOR_ELSEWHERE)

URL = "rtsp://10.0.0.9/stream"
CAMERA = {"name": "New", "url": URL}
# What is sent where an empty form would say nothing about the right to send it.
BODIES: dict[str, dict[str, Any]] = {
    "/occupancy": {"site": 1, "inside": "4"},
    "/cameras/restore": {"camera_id": 2},
    "/cameras": CAMERA,
    "/api/cameras": CAMERA,
    "/api/cameras/check": {"camera_id": 1},
    "/api/cameras/<pk>": {"name": "Renamed"},
    "/api/sites": {"name": "New"},
    "/api/sites/<pk>": {"name": "Renamed"},
}
# Where the address alone asks for nothing.
QUERIES = {"/admin/autocomplete/": "/admin/autocomplete/?app_label=cameras&model_name=camera&field_name=site&term="}


class World:
    """Needs the databases of a test. Numbers are always the same: site 1 with camera 1 (and 2, deleted), site 2."""

    def __init__(self) -> None:
        self.people: dict[str, User | None] = {NOBODY: None}
        for role in ROLES:
            self.people[role] = person(role)
        for name, role in ((VIEWER_ELSEWHERE, VIEWER), (OPERATOR_ELSEWHERE, OPERATOR)):
            self.people[name] = person(role, name)
            Profile.objects.update_or_create(user=self.people[name], defaults={"all_sites": False, "site_ids": [2]})
        self._is_changed = True
        self._records: dict[bytes, bytes] = {}
        self.target = User.objects.create_user("somebody", "somebody@example.org", "a-long-password-1")

    def ask(self, who: str, method: str, path: str, values: Mapping[str, object] | None = None) -> HttpResponseBase:
        """The answer to one request; nothing of it stays. values: what the names in `path` stand for."""
        cache.clear()
        self._fill_store()
        self._is_changed = method != "GET"
        with transaction.atomic():
            browser = Client(raise_request_exception=False)
            user = self.people[who]
            if user is not None:
                browser.force_login(user)
            address = QUERIES.get(path) or fill(path, {**self._values(path, user, browser), **(values or {})})
            body = BODIES.get(path, {})
            if path.startswith("/api/") or path in {"/license", "/cameras"}:
                response = browser.generic(method, address, json.dumps(body), content_type="application/json")
            else:
                response = getattr(browser, method.lower())(address, body if method == "POST" else None)
            transaction.set_rollback(True)
        return response

    def settle(self) -> None:
        """Put the records back to what they were."""
        self._is_changed = True
        self._fill_store()

    def _values(self, path: str, user: User | None, browser: Client) -> dict[str, object]:
        """One's own token and session; the site, the camera and the account everybody asks about."""
        owner = user or self.target
        api_token(owner)
        token = ApiToken.objects.filter(user=owner).first()
        session = Session.objects.filter(session_key=browser.session.session_key).first() if user else None
        return {
            "camera_id": 1,
            "site_id": 1,
            "pk": 1,
            "user_id": self.target.pk,
            "id": self.target.pk if path.startswith("/admin/") else token.reference,
            "reference": session.reference if session else token.reference,
            "uidb64": "MQ",
            "token": "set-password",
            "url": "nothing-here",
            "app_label": "cameras",
            "content_type_id": 1,
            "object_id": 1,
        }

    def _fill_store(self) -> None:
        redis = redis_client()
        if self._is_changed and self._records:
            with redis.pipeline() as pipe:
                pipe.flushall()
                for key, record in self._records.items():
                    pipe.restore(key, 0, record)
                pipe.execute()
        elif self._is_changed:
            self._make_records()
            self._records = {key: redis.dump(key) for key in redis.scan_iter()}
        write_status(redis, 1, CameraStatus("live", updated_at=time.time()))
        redis.set(still_key(1), pack(b"\xff\xd8\xff\xd9", time.time()), ex=60)

    def _make_records(self) -> None:
        redis_client().flushall()
        site = default_site()
        services.create_site(name="Elsewhere")
        services.create_camera(name="Gate", url=URL, site=site)
        gone = services.create_camera(name="Gone", url=URL, site=site)
        services.delete_camera(camera_id=gone.pk)


def said(response: HttpResponseBase) -> str:
    """The word of `table` for an answer."""
    status = response.status_code
    if status in (301, 302):
        target, _, query = response["Location"].partition("?")
        if target in ("/login", "/admin/login/") and query.startswith("next="):
            return "login"
        levels = {message.level for message in get_messages(response.wsgi_request)}
        if target == "/admin/" and WARNING in levels:
            return "404"  # how the admin says that a record is not there
        return "said" if ERROR in levels else "ok"
    if status in (401, 403, 404, 405) or (status >= 500 and status != 503):
        return str(status)
    return "ok"
