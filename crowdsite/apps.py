from django.apps import AppConfig


class CrowdsiteConfig(AppConfig):
    name = "crowdsite"

    def ready(self) -> None:
        from crowdsite import checks, running_checks  # noqa: F401 - they register themselves
