from django.apps import AppConfig


class OperationsConfig(AppConfig):
    name = "operations"
    verbose_name = "Settings"

    def ready(self) -> None:
        from auditlog.models import LogEntry
        from django.db.models.signals import pre_save

        from operations import audit, log_events, task_events  # noqa: F401 - the last two listen to signals

        audit.register_models()
        pre_save.connect(audit.note_actor, sender=LogEntry, dispatch_uid="operations.note_actor")
