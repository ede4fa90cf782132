from django.apps import AppConfig


class StoreTestConfig(AppConfig):
    name = "tests.store.app"
    label = "shop"
