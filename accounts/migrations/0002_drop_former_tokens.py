from django.db import migrations
from django.db.migrations.recorder import MigrationRecorder

TABLE = "authtoken_token"


def drop(apps, schema_editor):
    """API tokens of the first versions (`rest_framework.authtoken`): nothing reads them any more.

    They stood in clear text, and their foreign key kept the people they belonged to from being deleted.
    """
    connection = schema_editor.connection
    if TABLE not in connection.introspection.table_names():
        return
    schema_editor.execute(f"DROP TABLE {schema_editor.quote_name(TABLE)}")
    alias = connection.alias
    apps.get_model("contenttypes", "ContentType").objects.using(alias).filter(app_label="authtoken").delete()
    # So that a later return to that version makes its table again.
    MigrationRecorder(connection).migration_qs.filter(app="authtoken").delete()


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [migrations.RunPython(drop, migrations.RunPython.noop, elidable=True)]
