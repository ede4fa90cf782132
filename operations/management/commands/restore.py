"""Puts a backup back."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from crowdsite.errors import CrowdsiteError
from operations.backup_embedded import redis_at_hand
from operations.backup_progress import ProgressLine
from operations.backup_restore import Restored, restore_backup

WORD = "replace"


class Command(BaseCommand):
    help = "Make this installation what a backup holds. End all processes first; only Redis stays."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="what `manage.py backup` wrote")
        parser.add_argument("--replace", action="store_true", help="delete what is here")
        parser.add_argument("--yes", action="store_true", help="with --replace: do not ask")
        parser.add_argument("--force", action="store_true", help="although processes of Crowdsite seem to run")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["replace"] and not options["yes"]:
            self._ask()
        progress = ProgressLine(self.stderr._out)  # type: ignore[attr-defined]
        try:
            with redis_at_hand():
                done = restore_backup(
                    Path(options["file"]), replace=options["replace"], force=options["force"], progress=progress
                )
        except CrowdsiteError as error:
            raise CommandError(error.message) from error
        finally:
            progress.close()
        self._report(done)

    def _ask(self) -> None:
        self.stdout.write("Cameras, counts, users and settings of this installation will be deleted.")
        try:
            answer = input(f"Type {WORD} to go on: ")
        except EOFError:
            answer = ""
        if answer.strip() != WORD:
            raise CommandError("Nothing was changed.")

    def _report(self, done: Restored) -> None:
        self.stdout.write(
            f"Restored {done.keys:,} keys and the SQL database of {done.manifest.created_at} "
            f"(Crowdsite {done.manifest.crowdsite})."
        )
        if done.migrations:
            self.stdout.write(f"Brought up to date: {', '.join(done.migrations)}.")
        for note in done.notes:
            self.stdout.write(note)
        if not done.audit.clean:
            raise CommandError(f"{done.audit} Run `manage.py store_verify --repair`.")
        self.stdout.write(f"{done.audit} Start Crowdsite now.")
