"""The small parts of a Django backend: what it can do, how it prepares values, what tools and tests ask of it."""

from collections.abc import Iterable
from typing import Any

from django.apps import apps
from django.db import models
from django.db.backends.base.client import BaseDatabaseClient
from django.db.backends.base.creation import BaseDatabaseCreation
from django.db.backends.base.features import BaseDatabaseFeatures
from django.db.backends.base.introspection import BaseDatabaseIntrospection
from django.db.backends.base.operations import BaseDatabaseOperations

WRITE_BATCH = 1000


class Features(BaseDatabaseFeatures):
    """What Django may ask of the store."""

    minimum_database_version = None
    # True lets Django's TestCase roll back its SQL database around a test as usual. Redis takes no part in that: the
    # tests empty it themselves.
    supports_transactions = True
    atomic_transactions = False
    uses_savepoints = False
    supports_foreign_keys = False
    can_return_columns_from_insert = True
    can_return_rows_from_bulk_insert = True
    has_native_uuid_field = True
    has_native_duration_field = True
    supports_ignore_conflicts = False
    supports_expression_indexes = False
    supports_partial_indexes = False
    supports_expression_defaults = False
    supports_default_keyword_in_insert = False
    supports_default_keyword_in_bulk_insert = False
    supports_column_check_constraints = False
    supports_table_check_constraints = False
    supports_json_field_contains = False
    supports_select_union = False
    supports_select_intersection = False
    supports_select_difference = False
    supports_unlimited_charfield = True
    supports_collation_on_charfield = False
    supports_collation_on_textfield = False
    supports_aggregate_filter_clause = True
    supports_logical_xor = True
    supports_tuple_lookups = False
    update_can_self_select = False
    order_by_nulls_first = True
    can_rollback_ddl = False


class Operations(BaseDatabaseOperations):
    """Values pass through unchanged: `codec` alone decides how Redis holds them."""

    compiler_module = "crowdsite.store.compiler"

    def quote_name(self, name: str) -> str:
        return name if name.startswith('"') else f'"{name}"'

    def _unchanged(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        return value

    adapt_unknown_value = adapt_datefield_value = adapt_datetimefield_value = adapt_timefield_value = _unchanged
    adapt_decimalfield_value = adapt_integerfield_value = _unchanged

    def bulk_batch_size(self, fields: Any, objs: Any) -> int:
        return WRITE_BATCH

    def no_limit_value(self) -> None:
        return None

    def sql_flush(self, style: Any, tables: list[str], **kwargs: Any) -> list[str]:
        """The "statements" are table names; `execute_sql_flush` empties them."""
        return list(tables)

    def execute_sql_flush(self, sql_list: Iterable[str]) -> None:
        from .rows import Rows
        from .schema import table

        wanted = set(sql_list)
        for model in stored_models():
            if model._meta.db_table in wanted:
                Rows(self.connection, table(model)).clear()

    def sequence_reset_sql(self, style: Any, model_list: Any) -> list[str]:
        return []


class Introspection(BaseDatabaseIntrospection):
    """Tables are the models the router sends here."""

    def get_table_list(self, cursor: Any) -> list[Any]:
        return []

    def table_names(self, cursor: Any = None, include_views: bool = False) -> list[str]:
        return sorted(model._meta.db_table for model in stored_models())


class Creation(BaseDatabaseCreation):
    """Test runs bring a Redis of their own: nothing is created, renamed, emptied or destroyed."""

    def create_test_db(self, *args: Any, **kwargs: Any) -> str:
        return self.connection.settings_dict["NAME"]

    def destroy_test_db(self, *args: Any, **kwargs: Any) -> None:
        return None

    def test_db_signature(self) -> tuple[str, ...]:
        return (self.connection.vendor, self.connection.settings_dict["NAME"])

    def serialize_db_to_string(self) -> str:
        return "[]"


class Shell(BaseDatabaseClient):
    """`manage.py dbshell --database redis`."""

    executable_name = "redis-cli"

    @classmethod
    def settings_to_cmd_args_env(cls, settings_dict: dict, parameters: Iterable[str]) -> tuple[list[str], None]:
        return [cls.executable_name, "-u", settings_dict["NAME"], *parameters], None


def stored_models() -> list[type[models.Model]]:
    """Every concrete model whose rows are in Redis."""
    from .models import RedisModel

    return [m for m in apps.get_models() if issubclass(m, RedisModel) and not m._meta.proxy]
