"""Carrying a plan out. Everything was checked before; only the store can still fail, and trying again helps then."""

from typing import Any

import redis
from django.apps import apps
from django.contrib.auth.models import User
from django.db import Error, transaction
from django.utils.translation import gettext as _
from loguru import logger

from accounts.services import Access, create_person
from cameras import services
from cameras.licensed import room_for_cameras
from cameras.models import Camera, Site
from cameras.selectors import default_site
from crowdsite.errors import CrowdsiteError
from crowdsite.roles import ensure_roles
from licensing.services import activate_licence
from operations.services import change_settings
from operations.transfer.plan import CameraPlan, Plan, SitePlan


class ImportStoppedError(CrowdsiteError):
    """Part of a plan was carried out. Planning and applying the same file again completes it."""

    code = "import_stopped"
    status = 500


def apply_plan(plan: Plan, *, by: str = "") -> None:
    """Write what the plan says: the licence first, then settings, sites, cameras and people. by: who asked for it.

    Raises ImportStoppedError where the store fails, or somebody took a name or the last place meanwhile.
    """
    try:
        _write(plan, by)
    except (CrowdsiteError, Error, redis.RedisError) as error:
        logger.error("The import of a configuration stopped half way: {}", error)
        sentence = _("The import stopped before it was complete. Import the same file again to complete it. %(why)s")
        raise ImportStoppedError(sentence % {"why": error}) from error
    logger.info("{} imported a configuration: {} changes", by or "A command", len(plan.changes))


def _write(plan: Plan, by: str) -> None:
    if plan.license_key:
        activate_licence(license_key=plan.license_key, by=by)
    for label, changes in plan.settings.items():
        change_settings(apps.get_model(label), changes)
    _step_aside([(site.existing, site.values) for site in plan.sites], services.update_site, "site_id")
    sites = {id(site): _write_site(site) for site in plan.sites}
    _step_aside([(camera.existing, camera.values) for camera in plan.cameras], services.update_camera, "camera_id")
    for camera in plan.cameras:
        _write_camera(camera, sites)
    _write_users(plan)


def _write_site(plan: SitePlan) -> Site:
    existing = plan.existing
    if existing is None and "name" not in plan.values:
        existing = default_site()
    if existing is not None:
        return services.update_site(site_id=existing.pk, **plan.values)
    site = Site(**plan.values)
    if plan.number is not None and not Site.objects.filter(pk=plan.number).exists():
        site.pk = plan.number
    site.save(force_insert=True)
    return site


def _write_camera(plan: CameraPlan, sites: dict[int, Site]) -> None:
    site = sites[id(plan.site)] if isinstance(plan.site, SitePlan) else plan.site
    values = plan.values if site is None else plan.values | {"site": site}
    if plan.existing is not None:
        services.update_camera(camera_id=plan.existing.pk, **values)
        return
    # Not through `create_camera`: the camera keeps its number, by which the history knows it.
    camera = Camera(**{"site": default_site(), **values} if site is None else values)
    if plan.number is not None and not Camera.objects.filter(pk=plan.number).exists():
        camera.pk = plan.number
    with room_for_cameras([camera]):
        camera.save(force_insert=True)


def _step_aside(pairs: list[tuple[Any, dict[str, Any]]], update: Any, number: str) -> None:
    """Records that exchange names: those whose name another one is about to take get a passing one first."""
    wanted = {values["name"].casefold() for _record, values in pairs if "name" in values}
    for record, values in pairs:
        renamed = record is not None and "name" in values and values["name"].casefold() != record.name.casefold()
        if renamed and record.name.casefold() in wanted:
            update(**{number: record.pk, "name": f"{record.name[:80]} ({record.pk})"})


def _write_users(plan: Plan) -> None:
    if plan.users:
        ensure_roles()
    with transaction.atomic():
        for person in plan.users:
            user: User = create_person(username=person.username, email="", access=Access(person.role))
            if person.password:
                user.password = person.password
                user.save(update_fields=["password"])
