"""`/api/stats`: the live figures as JSON. The dashboard polls it every two seconds."""

from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cameras.selectors import site_for
from crowdsite import clock
from crowdsite.errors import CrowdsiteError
from reports.notices import for_reader
from reports.selectors import live_stats

# `in` is no Python name, so the class is made by a call.
Directions = type(
    "Directions",
    (serializers.Serializer,),
    {"in": serializers.IntegerField(source="entered"), "out": serializers.IntegerField(source="left")},
)


def _totals() -> dict[str, serializers.Field]:
    """`in` and `out` are no Python names, so these fields are spelled as strings."""
    return {
        "in": serializers.IntegerField(source="entered"),
        "out": serializers.IntegerField(source="left"),
        "in_text": serializers.CharField(source="entered_text"),
        "out_text": serializers.CharField(source="left_text"),
        "labels": serializers.DictField(child=Directions()),
    }


class SiteFactsSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    name = serializers.CharField()
    timezone = serializers.CharField(help_text="IANA name; a day begins at midnight there")
    max_capacity = serializers.IntegerField(allow_null=True)
    warn_threshold = serializers.IntegerField(allow_null=True)


class BarSerializer(serializers.Serializer):
    fill = serializers.FloatField(help_text="Percent of the width")
    fill_text = serializers.CharField()
    warn_at = serializers.FloatField(allow_null=True)
    warn_label_at = serializers.FloatField()
    warn_label_anchor = serializers.CharField()
    warn_text = serializers.CharField()
    limit_text = serializers.CharField()
    summary = serializers.CharField()


class OccupancySerializer(serializers.Serializer):
    inside = serializers.IntegerField(allow_null=True, help_text="null = not known, which is not 0")
    caption = serializers.CharField(help_text="What the number is, about or not")
    inside_text = serializers.CharField()
    missed_entries = serializers.IntegerField(help_text="People who left without having been counted in")
    missed_text = serializers.CharField()
    state = serializers.ChoiceField(["ok", "unsure", "warn", "over", "unknown", "stale"])
    sentence = serializers.CharField()
    detail = serializers.CharField()
    percent = serializers.IntegerField(allow_null=True)
    bar = BarSerializer(allow_null=True)


class DemoSerializer(serializers.Serializer):
    expected_in = serializers.IntegerField()
    expected_out = serializers.IntegerField()
    text = serializers.CharField()

    def get_fields(self) -> dict[str, serializers.Field]:
        counted = {
            "in": serializers.IntegerField(source="counted_in"),
            "out": serializers.IntegerField(source="counted_out"),
        }
        return super().get_fields() | counted


class TodaySerializer(serializers.Serializer):
    lower_bound = serializers.BooleanField()
    lower_bound_reason = serializers.CharField()
    others_text = serializers.CharField()

    def get_fields(self) -> dict[str, serializers.Field]:
        return super().get_fields() | _totals()


class CameraFactsSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    name = serializers.CharField()
    url = serializers.CharField()
    state = serializers.ChoiceField(["live", "degraded", "stale", "offline", "disabled"])
    state_word = serializers.CharField()
    state_text = serializers.CharField()
    reason = serializers.CharField()
    since = serializers.FloatField(allow_null=True, help_text="Unix seconds")
    counting = serializers.BooleanField()
    frame_age_secs = serializers.FloatField(allow_null=True)
    fps = serializers.FloatField(allow_null=True)
    target_fps = serializers.FloatField(allow_null=True)
    line = serializers.ListField(
        child=serializers.ListField(child=serializers.FloatField()),
        allow_null=True,
        help_text="[[ax, ay], [bx, by]], 0-1",
    )
    engine = serializers.CharField()
    model = serializers.CharField()
    note = serializers.CharField(help_text="A remark that is no fault")
    demo = DemoSerializer(allow_null=True)

    def get_fields(self) -> dict[str, serializers.Field]:
        return super().get_fields() | _totals()


class CountingSerializer(serializers.Serializer):
    counting = serializers.IntegerField()
    of = serializers.IntegerField()
    text = serializers.CharField()
    problems = serializers.DictField(child=serializers.CharField())


class AttentionItemSerializer(serializers.Serializer):
    key = serializers.CharField()
    camera_id = serializers.IntegerField(allow_null=True, help_text="null = several cameras, see `names`")
    state = serializers.CharField()
    title = serializers.CharField()
    sentence = serializers.CharField()
    names = serializers.CharField()
    since = serializers.FloatField(allow_null=True)
    since_text = serializers.CharField()
    url = serializers.CharField()


class AttentionSerializer(serializers.Serializer):
    items = AttentionItemSerializer(many=True)
    rest = serializers.IntegerField(help_text="Cameras in trouble beyond those of `items`")
    rest_text = serializers.CharField()


class DoorsSerializer(serializers.Serializer):
    ids = serializers.ListField(child=serializers.IntegerField())
    text = serializers.CharField()


class ActionSerializer(serializers.Serializer):
    url = serializers.CharField()

    def get_fields(self) -> dict[str, serializers.Field]:
        """`label` is an attribute of every serializer."""
        return super().get_fields() | {"label": serializers.CharField()}


class NoticeSerializer(serializers.Serializer):
    code = serializers.CharField()
    level = serializers.ChoiceField(["info", "warn", "over"])
    title = serializers.CharField()
    sentence = serializers.CharField()
    action = ActionSerializer(allow_null=True)


class StatsSerializer(serializers.Serializer):
    """The answer of `/api/stats`. `*_text` and sentences are in the caller's language, for showing."""

    now = serializers.FloatField(help_text="Unix seconds of the server")
    site = SiteFactsSerializer()
    occupancy = OccupancySerializer()
    today = TodaySerializer()
    cameras = CameraFactsSerializer(many=True)
    counting = CountingSerializer()
    doors = DoorsSerializer()
    attention = AttentionSerializer()
    notices = NoticeSerializer(many=True)
    summary = serializers.CharField()
    calm = serializers.CharField()


class MayViewCameras(BasePermission):
    """Whoever has a role does."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return request.user.has_perm("cameras.view_camera")


class StatsView(APIView):
    """Live totals, the number inside, every visible camera and what needs attention, for one site.

    `in` and `out` count people since the site's midnight (a camera that counts no people: everything it counts);
    `labels` has every kind of object. While `today.lower_bound` is true some camera is blind and the totals are at
    least what they say. Answers 503 with the code `store_unreachable` while Redis is away, 404 for a site that is
    unknown or not the caller's, 403 with the code `no_site` where the caller may see none.
    """

    permission_classes = [IsAuthenticated, MayViewCameras]

    @extend_schema(
        parameters=[
            OpenApiParameter("site", OpenApiTypes.INT, description="Its number; without, the first one you may see")
        ],
        responses=StatsSerializer,
    )
    def get(self, request: Request) -> Response:
        site = site_for(request.user, site_number(request.query_params.get("site", "")))
        stats = for_reader(live_stats(site, clock.now()), request.user)
        response = Response(StatsSerializer(stats).data)
        response["Cache-Control"] = "no-store"
        return response


def site_number(text: str) -> int | None:
    """The `site` of a query string; None when it is absent. Raises CrowdsiteError for what is no number."""
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise CrowdsiteError(_("The site has to be a number."), code="invalid")
    return int(text)
