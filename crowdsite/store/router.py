"""Sends Redis models to the Redis store and everything else to the default database.

Migrations: Redis models own no SQL table. `allow_migrate("default", ...)` is False for them, so where an app has Django
migrations the operations on its Redis models apply as no-ops; an app that has only Redis models needs no `migrations`
package at all. `allow_migrate("redis", ...)` is True for them although nothing is created there: `dumpdata`, `loaddata`
and the per-database model checks ask it which models a database holds. The table name (`cameras:camera`) tells a Redis
model in a migration's history, where the classes are rebuilt without their abstract bases.
"""

from typing import Any

from django.apps import apps
from django.db import models

from .models import RedisModel
from .schema import ALIAS


def is_redis(model: type[models.Model]) -> bool:
    return issubclass(model, RedisModel) or ":" in model._meta.db_table


class StoreRouter:
    """The only entry of `DATABASE_ROUTERS`."""

    def db_for_read(self, model: type[models.Model], **hints: Any) -> str | None:
        return ALIAS if is_redis(model) else None

    def db_for_write(self, model: type[models.Model], **hints: Any) -> str | None:
        return ALIAS if is_redis(model) else None

    def allow_relation(self, one: models.Model, other: models.Model, **hints: Any) -> bool | None:
        return True if is_redis(one._meta.model) or is_redis(other._meta.model) else None

    def allow_migrate(self, db: str, app_label: str, model_name: str | None = None, **hints: Any) -> bool | None:
        model = hints.get("model")
        if model is None and model_name is not None:
            try:
                model = apps.get_model(app_label, model_name)
            except LookupError:
                return None
        if db == ALIAS:
            return model is not None and is_redis(model)
        return False if model is not None and is_redis(model) else None
