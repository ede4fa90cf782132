from django.apps import AppConfig


class LicensingConfig(AppConfig):
    name = "licensing"
    verbose_name = "Licence"

    def ready(self) -> None:
        from licensing import checks  # noqa: F401 (registers)
