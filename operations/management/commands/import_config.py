"""`manage.py import_config FILE [--dry-run] [--json]`: a config.json, v81's or ours, completely or not at all."""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from crowdsite.errors import CrowdsiteError
from operations.transfer.applying import ImportStoppedError, apply_plan
from operations.transfer.plan import Plan
from operations.transfer.planning import plan_import, untouched
from operations.transfer.reading import read_path


class Command(BaseCommand):
    help = (
        "Take over settings, sites, cameras and users from a config.json. Nothing is written while anything is wrong."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--dry-run", action="store_true", help="Say what would change, and change nothing.")
        parser.add_argument("--json", action="store_true", dest="as_json", help="Answer with one JSON object.")

    def handle(self, *args: Any, file: Path, dry_run: bool, as_json: bool, **options: Any) -> None:
        try:
            plan = plan_import(read_path(file))
            if not dry_run:
                apply_plan(plan)
        except CrowdsiteError as error:
            self._refuse(error, as_json)
            raise CommandError(_said(error)) from error
        if as_json:
            self.stdout.write(json.dumps(_facts(plan, applied=not dry_run), ensure_ascii=False, indent=2))
        else:
            self._say(plan, dry_run)

    def _refuse(self, error: CrowdsiteError, as_json: bool) -> None:
        if as_json:
            said = {"error": {"code": error.code, "message": error.message, "fields": error.fields}}
            self.stdout.write(json.dumps(said, ensure_ascii=False, indent=2))
        for path, sentences in error.fields.items():
            self.stderr.write(f"{path}: {' '.join(sentences)}")

    def _say(self, plan: Plan, dry_run: bool) -> None:
        for change in plan.changes:
            values = f"{change.before} -> {change.after}" if change.before else change.after
            self.stdout.write(" ".join(part for part in (f"{change.where}:", change.what, values) if part))
        for note in plan.notes:
            self.stdout.write(f"{note.path}: {note.sentence}")
        count = len(plan.changes)
        if not count:
            self.stdout.write("Everything in the file is so already.")
        elif dry_run:
            self.stdout.write(f"{count} changes. Nothing was written: this was a dry run.")
        else:
            self.stdout.write(f"{count} changes were made.")


def _said(error: CrowdsiteError) -> str:
    return error.message if isinstance(error, ImportStoppedError) else f"Nothing was imported. {error.message}"


def _facts(plan: Plan, *, applied: bool) -> dict[str, Any]:
    sites, cameras = untouched(plan)
    return {
        "applied": applied,
        "changes": [asdict(change) for change in plan.changes],
        "notes": [asdict(note) for note in plan.notes],
        "not_in_the_file": {"sites": sites, "cameras": cameras},
    }
