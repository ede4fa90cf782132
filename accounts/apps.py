import logging

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "People"

    def ready(self) -> None:
        # Axes writes five lines for each login that works.
        logging.getLogger("axes").setLevel(logging.WARNING)
