"""What an installation of a former version leaves behind in the SQL database."""

from importlib import import_module

import pytest
from django.apps import apps
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from accounts.services import delete_people

drop_former_tokens = import_module("accounts.migrations.0002_drop_former_tokens")

FORMER_TABLE = """CREATE TABLE authtoken_token (key varchar(40) PRIMARY KEY, created datetime,
    user_id integer NOT NULL UNIQUE REFERENCES auth_user (id) DEFERRABLE INITIALLY DEFERRED)"""


@pytest.fixture
def former_token():
    bob = User.objects.create_user("bob")
    with connection.cursor() as cursor:
        cursor.execute(FORMER_TABLE)
        cursor.execute("INSERT INTO authtoken_token VALUES ('k', '2026-01-01', %s)", [bob.pk])
    ContentType.objects.create(app_label="authtoken", model="token")
    MigrationRecorder(connection).record_applied("authtoken", "0001_initial")
    yield bob
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS authtoken_token")


@pytest.mark.django_db(transaction=True)
def test_somebody_with_a_token_of_a_former_version_can_be_deleted(former_token):
    with connection.schema_editor() as editor:
        drop_former_tokens.drop(apps, editor)

    delete_people(users=[former_token])

    assert not User.objects.filter(username="bob").exists()
    assert "authtoken_token" not in connection.introspection.table_names()
    assert not ContentType.objects.filter(app_label="authtoken").exists()
    assert not MigrationRecorder(connection).migration_qs.filter(app="authtoken").exists()


@pytest.mark.django_db(transaction=True)
def test_where_there_were_no_such_tokens_nothing_happens():
    before = connection.introspection.table_names()
    with connection.schema_editor() as editor:
        drop_former_tokens.drop(apps, editor)
    assert connection.introspection.table_names() == before
