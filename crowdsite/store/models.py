"""Base classes for models whose rows live in Redis."""

import re
from typing import Any, Self

from django.apps import apps
from django.core import checks
from django.db import NotSupportedError, models
from django.db.models.base import ModelBase
from django.db.models.deletion import ProtectedError

_TABLE_NAME = re.compile(r"[a-z0-9_]+:[a-z0-9_]+")


class TrigramIndex(models.Index):
    """In `Meta.indexes`: `contains`, `icontains` and their kin on these text fields read only rows that may match.

    Costs about 600 bytes of Redis memory for a name of 15 characters.
    """

    suffix = "tri"


class RedisModelBase(ModelBase):
    """Names the table `<app label>:<model name>` unless the model does."""

    def __new__(mcs, name: str, bases: tuple, attrs: dict, **kwargs: Any):
        meta = attrs.get("Meta")
        plain = not getattr(meta, "abstract", False) and not getattr(meta, "proxy", False)
        if plain and any(isinstance(base, RedisModelBase) for base in bases) and not hasattr(meta, "db_table"):
            inherited = next((base.Meta for base in bases if hasattr(base, "Meta")), None)
            parent = meta or inherited
            options = {"db_table": f"{mcs._label(meta, attrs)}:{name.lower()}"}
            if meta is None:
                options["abstract"] = False
            attrs["Meta"] = type("Meta", (parent,) if parent else (), options)
        return super().__new__(mcs, name, bases, attrs, **kwargs)

    @staticmethod
    def _label(meta: Any, attrs: dict) -> str:
        label = getattr(meta, "app_label", None)
        return label or apps.get_containing_app_config(attrs["__module__"]).label


class RedisModel(models.Model, metaclass=RedisModelBase):
    """A model kept in Redis. Django's single-table API works; joins back and GROUP BY raise NotSupportedError."""

    class Meta:
        abstract = True

    @classmethod
    def check(cls, **kwargs: Any) -> list[checks.CheckMessage]:
        found = super().check(**kwargs)
        if not _TABLE_NAME.fullmatch(cls._meta.db_table):
            found.append(
                checks.Error(
                    f"The table name {cls._meta.db_table!r} must read <module>:<entity>, in small letters.",
                    obj=cls,
                    id="store.E001",
                )
            )
        if cls._meta.local_many_to_many:
            found.append(
                checks.Error(
                    "Many-to-many fields need joins, which the Redis store has not.",
                    hint="Use a JSON list of ids, or a model of its own with two foreign keys.",
                    obj=cls,
                    id="store.E002",
                )
            )
        return found + cls._check_store()

    @classmethod
    def _check_store(cls) -> list[checks.CheckMessage]:
        from .schema import table

        try:
            table(cls)
        except NotSupportedError as error:
            return [checks.Error(str(error), obj=cls, id="store.E003")]
        return []


class SingletonQuerySet(models.QuerySet):
    """Refuses the bulk ways of deleting the one row."""

    def delete(self) -> tuple[int, dict[str, int]]:
        raise ProtectedError(f"The {self.model._meta.verbose_name} cannot be deleted, only changed.", set(self))


class SingletonModel(RedisModel):
    """One row, pk 1, for settings. `load()` returns it, or the fields' defaults where nothing was saved yet."""

    id = models.PositiveSmallIntegerField(primary_key=True, editable=False)

    objects = SingletonQuerySet.as_manager()

    class Meta:
        abstract = True

    @classmethod
    def load(cls) -> Self:
        return cls.objects.filter(pk=1).first() or cls(pk=1)

    def save(self, **kwargs: Any) -> None:
        self.pk = 1
        super().save(**kwargs)

    def delete(self, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise ProtectedError(f"The {self._meta.verbose_name} cannot be deleted, only changed.", {self})
