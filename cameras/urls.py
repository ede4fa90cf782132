from django.urls import include, path
from rest_framework.routers import DefaultRouter

from cameras import api, stream_views, views

router = DefaultRouter()
# Both spellings answer alike: a redirect would turn a program's POST into a GET.
router.trailing_slash = "/?"
router.register("cameras", api.CameraViewSet)
router.register("sites", api.SiteViewSet)

urlpatterns = [
    path("api/", include(router.urls)),
    path("cameras", views.cameras, name="cameras"),
    path("cameras/add", views.camera_add, name="camera-add"),
    path("cameras/restore", views.camera_restore, name="camera-restore"),
    path("cameras/<int:camera_id>", views.camera_edit, name="camera-edit"),
    path("cameras/<int:camera_id>/delete", views.camera_delete, name="camera-delete"),
    path("cameras/<int:camera_id>/enable", views.camera_switch, {"enabled": True}, name="camera-enable"),
    path("cameras/<int:camera_id>/disable", views.camera_switch, {"enabled": False}, name="camera-disable"),
    path("stream/clean/<int:camera_id>", stream_views.clean, name="stream-clean"),
    path("stream/annotated/<int:camera_id>", stream_views.annotated, name="stream-annotated"),
    path("stream/clip/<int:camera_id>", stream_views.clip, name="stream-clip"),
    path("stream/still/<int:camera_id>.jpg", stream_views.still, name="stream-still"),
]
