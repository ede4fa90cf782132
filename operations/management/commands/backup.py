"""Writes everything that must survive into one file."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from crowdsite.errors import CrowdsiteError
from operations.backup import BackupMade, make_backup
from operations.backup_embedded import redis_at_hand
from operations.backup_progress import ProgressLine, size


class Command(BaseCommand):
    help = "Write a backup of Redis, the SQL database and the secrets of this installation, while everything runs."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("target", nargs="?", default=".", help="a folder, or a file that ends in .tar")
        parser.add_argument("--keep", type=int, metavar="N", help="delete all but the newest N backups in the folder")
        parser.add_argument(
            "--in-place", action="store_true", help="read Redis in one call that pauses it, without a replica"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["keep"] is not None and options["keep"] < 1:
            raise CommandError("--keep needs a number from 1 on.")
        progress = ProgressLine(self.stderr._out)  # type: ignore[attr-defined]
        try:
            with redis_at_hand():
                made = make_backup(
                    Path(options["target"]), keep=options["keep"], in_place=options["in_place"], progress=progress
                )
        except CrowdsiteError as error:
            raise CommandError(error.message) from error
        finally:
            progress.close()
        self._report(made)

    def _report(self, made: BackupMade) -> None:
        manifest = made.manifest
        self.stdout.write(f"{made.path}: {size(made.bytes)}, checked.")
        for part in manifest.parts:
            self.stdout.write(f"  {part.name}  {size(part.bytes)}  sha256 {part.sha256[:16]}")
        entries = manifest.redis.get("entries", {})
        for family, count in manifest.keys.items():
            unit = "key" if count == 1 else "keys"
            held = f", {entries[family]:,} in it" if family in entries else ""
            self.stdout.write(f"  {family}: {count:,} {unit}{held}")
        for note in manifest.notes:
            self.stdout.write(note)
        if any(family.startswith("unknown:") for family in manifest.keys):
            self.stdout.write("Keys of unknown kind are in the backup too. Is this Redis database Crowdsite's alone?")
        for path in made.pruned:
            self.stdout.write(f"Deleted {path.name}.")
        self.stdout.write("It holds passwords of cameras and the secret key: keep it where nobody else reads it.")
