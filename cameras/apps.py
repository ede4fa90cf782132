from django.apps import AppConfig


class CamerasConfig(AppConfig):
    name = "cameras"
    verbose_name = "Cameras"

    def ready(self) -> None:
        from cameras import receivers  # noqa: F401 (subscribes)
        from cameras.licensed import licensed_camera_ids
        from licensing.limits import count_cameras_with

        count_cameras_with(licensed_camera_ids)
