"""`/metrics` for Prometheus: for people and tokens that may see the system settings."""

from collections.abc import Iterable
from typing import Any

import redis
from django.db import OperationalError
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from loguru import logger
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.permissions import BasePermission
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.visibility import visible_site_ids
from crowdsite.clock import now
from crowdsite.store.connection import client
from licensing.selectors import licence_status
from operations.figures import read_figures
from operations.metrics import build_info, families, redis_up

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class MaySeeTheSystem(BasePermission):
    """Holders of `operations.view_systemsettings` who see all sites: the figures name the cameras of each."""

    def has_permission(self, request: Request, view: Any) -> bool:
        user = request.user
        return user.has_perm("operations.view_systemsettings") and visible_site_ids(user) is None


class Anything(BaseContentNegotiation):
    """Prometheus asks for formats of its own; refusals are JSON for everybody."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        return parsers[0]

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        return renderers[0], renderers[0].media_type


class Metrics(APIView):
    """The installation's figures in Prometheus' text format."""

    permission_classes = [MaySeeTheSystem]
    renderer_classes = [JSONRenderer]
    content_negotiation_class = Anything

    @extend_schema(
        summary="Figures for Prometheus",
        responses={(200, "text/plain"): str},
        tags=["monitoring"],
    )
    def get(self, request: Request) -> HttpResponse:
        return HttpResponse(exposition(), content_type=CONTENT_TYPE)


def exposition() -> bytes:
    """The text. Without Redis it says just that: an alarm needs an answer, not a failed scrape."""
    try:
        found = list(families(read_figures(client(), at=now()), licence_status()))
    except (redis.RedisError, OperationalError) as error:
        logger.debug("No figures: {}", error)
        found = [build_info(), redis_up(False)]
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Ready(found))
    return generate_latest(registry)


class _Ready:
    """A collector of what was collected."""

    def __init__(self, found: Iterable[Metric]):
        self._found = list(found)

    def collect(self) -> Iterable[Metric]:
        return self._found

    def describe(self) -> Iterable[Metric]:
        return []
