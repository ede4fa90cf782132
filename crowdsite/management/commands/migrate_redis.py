"""Runs the numbered Redis migrations."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from crowdsite.store.migrations import apply_migrations, pending


class Command(BaseCommand):
    help = "Brings the rows and indexes in Redis up to date. --check only looks; code 1 if anything is pending."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="change nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["check"]:
            waiting = pending()
            if waiting:
                raise CommandError(
                    f"Pending in Redis: {', '.join(waiting)}. Run `manage.py migrate_redis`.", returncode=1
                )
            self.stdout.write("Redis is up to date.")
            return
        done = apply_migrations()
        self.stdout.write(f"Done in Redis: {', '.join(done)}." if done else "Redis was up to date.")
