"""The database wrapper Django loads for `ENGINE = "crowdsite.store"`."""

from typing import Any

import redis
from django.db.backends.base.base import BaseDatabaseWrapper

from . import connection as pool
from . import dbapi
from .backend import Creation, Features, Introspection, Operations, Shell
from .schema_editor import SchemaEditor

# Django's field types and the codec's kinds (codec.KINDS).
_KINDS = {
    "AutoField": "integer",
    "BigAutoField": "integer",
    "BigIntegerField": "integer",
    "BinaryField": "binary",
    "BooleanField": "boolean",
    "CharField": "text",
    "DateField": "date",
    "DateTimeField": "datetime",
    "DecimalField": "decimal",
    "DurationField": "duration",
    "FileField": "text",
    "FilePathField": "text",
    "FloatField": "float",
    "GenericIPAddressField": "text",
    "IPAddressField": "text",
    "IntegerField": "integer",
    "JSONField": "json",
    "OneToOneField": "integer",
    "PositiveBigIntegerField": "integer",
    "PositiveIntegerField": "integer",
    "PositiveSmallIntegerField": "integer",
    "SlugField": "text",
    "SmallAutoField": "integer",
    "SmallIntegerField": "integer",
    "TextField": "text",
    "TimeField": "time",
    "UUIDField": "uuid",
}


class _NoCursor:
    """What `connection.cursor()` gives: `migrate` opens one to list tables; no SQL passes through it."""

    def __enter__(self) -> "_NoCursor":
        return self

    def __exit__(self, *exc: object) -> None:
        return None

    def close(self) -> None:
        return None

    def execute(self, sql: str, params: Any = None) -> None:
        raise dbapi.NotSupportedError("The Redis store speaks no SQL. Use the models, or the Redis client itself.")

    executemany = execute


class DatabaseWrapper(BaseDatabaseWrapper):
    """One per thread, as Django wants; all of them share the process's connection pool.

    `atomic()` is accepted and runs its commit hooks, but nothing can be rolled back: each write is atomic by itself.
    """

    vendor = "redis"
    display_name = "Redis"
    Database = dbapi
    data_types = _KINDS
    data_type_check_constraints: dict[str, str] = {}
    operators: dict[str, str] = {}
    SchemaEditorClass = SchemaEditor
    client_class = Shell
    creation_class = Creation
    features_class = Features
    introspection_class = Introspection
    ops_class = Operations

    def get_connection_params(self) -> dict[str, Any]:
        return {"address": self.settings_dict["NAME"]}

    def get_new_connection(self, conn_params: dict[str, Any]) -> redis.Redis:
        return pool.client(conn_params["address"])

    def init_connection_state(self) -> None:
        return None

    def create_cursor(self, name: str | None = None) -> _NoCursor:
        return _NoCursor()

    def _cursor(self, name: str | None = None) -> _NoCursor:
        self.ensure_connection()
        return _NoCursor()

    def is_usable(self) -> bool:
        try:
            return bool(self.connection.ping())
        except redis.RedisError:
            return False

    def _close(self) -> None:
        return None

    def _commit(self) -> None:
        return None

    def _rollback(self) -> None:
        return None

    def _set_autocommit(self, autocommit: bool) -> None:
        return None
