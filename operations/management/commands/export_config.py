"""`manage.py export_config [FILE] [--with-secrets]`: everything an operator has set, as a config.json."""

import os
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from operations.transfer.exporting import export_text


class Command(BaseCommand):
    help = "Write every setting, site and camera as a config.json, to FILE or to standard output."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", nargs="?", type=Path)
        parser.add_argument(
            "--with-secrets", action="store_true", help="Passwords and the licence key too. Keep such a file safe."
        )

    def handle(self, *args: Any, file: Path | None, with_secrets: bool, **options: Any) -> None:
        text = export_text(with_secrets=with_secrets)
        if file is None:
            self.stdout.write(text, ending="")
            return
        try:
            # Readable by its owner alone: addresses of cameras are nobody else's business either.
            with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
                if file.is_file():
                    os.fchmod(out.fileno(), 0o600)  # also one that was there before
                out.write(text)
        except OSError as error:
            raise CommandError(f"{file} cannot be written: {error.strerror}.") from error
        self.stderr.write(f"Written to {file}.")
