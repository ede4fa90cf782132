from django.apps import AppConfig


class TrackingConfig(AppConfig):
    name = "tracking"
    verbose_name = "Counting"

    def ready(self) -> None:
        from tracking import receivers  # noqa: F401 - connects them
