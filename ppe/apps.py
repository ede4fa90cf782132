from django.apps import AppConfig


class PpeConfig(AppConfig):
    name = "ppe"
    verbose_name = "Protective equipment"
