"""The installation as a config.json: sorted, so that equal installations give equal files."""

import json
from typing import Any

from cameras.address import MASK, mask
from cameras.models import Camera, Site
from licensing.models import Licence
from operations.models import MailSettings
from operations.transfer.keys import CAMERA_KEYS, LIMITS, MAIL, MAIL_KEYS, SITE_KEYS, VERSION, places
from operations.transfer.values import plain


def export_text(*, with_secrets: bool = False) -> str:
    """The file's contents. Raises redis.RedisError."""
    return json.dumps(export(with_secrets=with_secrets), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def export(*, with_secrets: bool = False) -> dict[str, Any]:
    """Everything an operator has set. Without secrets, `secrets_left_out` says where they belong."""
    found: dict[str, Any] = {"version": VERSION, "features": {}, "email": {}}
    left_out: list[str] = []
    loaded = {label: place.model.load() for label, place in {place.label: place for place in places().values()}.items()}
    for path, place in places().items():
        if place.label == MAIL:
            continue
        holder, _dot, name = path.rpartition(".")
        target = found[holder] if holder else found
        target[name] = plain(getattr(loaded[place.label], place.field))
    found["email"] = _mail(loaded[MAIL], with_secrets, left_out)
    licence = Licence.load().license_key
    if licence and with_secrets:
        found["license_key"] = licence
    elif licence:
        left_out.append("license_key")
    sites = list(Site.objects.order_by("pk"))
    found["sites"] = [{name: getattr(site, name) for name in SITE_KEYS} for site in sites]
    if sites:
        found |= {name: getattr(sites[0], name) for name in LIMITS}
    found["cameras"] = [
        _camera(camera, index, with_secrets, left_out) for index, camera in enumerate(Camera.objects.order_by("pk"))
    ]
    if left_out:
        found["secrets_left_out"] = left_out
    return found


def bare(url: str) -> str:
    """An address without its secrets, as the file holds it."""
    return mask(url).replace(f"{MASK}@", "", 1).replace(f"={MASK}", "=")


def _mail(stored: MailSettings, with_secrets: bool, left_out: list[str]) -> dict[str, Any]:
    found = {name: getattr(stored, name) for name in MAIL_KEYS if name != "smtp_pass"}
    found["use_tls"] = stored.security == MailSettings.Security.STARTTLS
    found["use_ssl"] = stored.security == MailSettings.Security.TLS
    if stored.smtp_pass and with_secrets:
        found["smtp_pass"] = stored.smtp_pass
    elif stored.smtp_pass:
        left_out.append("email.smtp_pass")
    return found


def _camera(camera: Camera, index: int, with_secrets: bool, left_out: list[str]) -> dict[str, Any]:
    found = {name: getattr(camera, name) for name in CAMERA_KEYS}
    if not with_secrets and bare(camera.url) != camera.url:
        found["url"] = bare(camera.url)
        left_out.append(f"cameras[{index}].url")
    return found
