"""Rows need no table: every schema change on the Redis store is a no-op. Shape changes are `redis_migrations`."""

from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor


class SchemaEditor(BaseDatabaseSchemaEditor):
    """Accepts what `migrate --run-syncdb` asks and does nothing."""

    def __enter__(self) -> "SchemaEditor":
        self.deferred_sql: list[Any] = []
        return self

    def __exit__(self, *exc: object) -> None:
        return None

    def _nothing(self, *args: Any, **kwargs: Any) -> None:
        return None

    create_model = delete_model = alter_db_table = add_field = alter_field = remove_field = _nothing
    add_index = remove_index = rename_index = add_constraint = remove_constraint = _nothing
    alter_unique_together = alter_index_together = alter_db_table_comment = _nothing
