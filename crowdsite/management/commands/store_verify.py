"""Compares every row in Redis with every index entry."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from crowdsite.store.audit import verify

SHOWN = 20


class Command(BaseCommand):
    help = (
        "Checks that rows and indexes in Redis agree; ends with code 1 where they do not. --repair puts indexes right."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--repair", action="store_true", help="put wrong index entries right")

    def handle(self, *args: Any, **options: Any) -> None:
        audit = verify(repair=options["repair"])
        for fault in audit.faults[:SHOWN]:
            self.stderr.write(fault)
        if len(audit.faults) > SHOWN:
            self.stderr.write(f"... and {len(audit.faults) - SHOWN} more.")
        if not audit.clean:
            advice = "" if options["repair"] else " Run `manage.py store_verify --repair`."
            raise CommandError(f"{audit}{advice}", returncode=1)
        repaired = f" {audit.repaired} rows were repaired." if audit.repaired else ""
        self.stdout.write(f"{audit}{repaired}")
