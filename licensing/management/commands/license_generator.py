"""Issues a licence key from flags, for scripts. `key_gen` asks instead."""

import json
from argparse import ArgumentTypeError
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from crowdsite import clock
from crowdsite.errors import CrowdsiteError
from licensing import issuing

DEFAULT_DAYS = "365"


class Command(BaseCommand):
    help = (
        "Issues a licence key. The key alone goes to the standard output, what it says to the error output; --json "
        "writes one JSON object instead. Ends with code 0, 1 when the key cannot be issued, 2 when the flags are wrong."
    )
    # A vendor issues keys on a machine without Redis.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--client", required=True, type=_typed(issuing.read_client), help="whose licence it is")
        parser.add_argument("--id", default="", help="the licence's number; made up when left out")
        end = parser.add_mutually_exclusive_group()
        end.add_argument("--days", help=f"how long it is valid from its beginning (default {DEFAULT_DAYS})")
        end.add_argument("--expires", type=_typed(issuing.read_moment), help="when it ends, like 2027-05-03")
        parser.add_argument("--not-before", type=_typed(issuing.read_moment), help="when it begins (default now)")
        parser.add_argument(
            "--max-cameras",
            type=_typed(issuing.read_max_cameras),
            default=None,
            help="enabled cameras; none = no limit",
        )
        parser.add_argument(
            "--feature", action="append", default=[], metavar="MODULE", help="ppe, visitors, faces or all; repeatable"
        )
        parser.add_argument("--key", type=Path, help="file with the private signing key (default: this installation's)")
        parser.add_argument("--json", action="store_true", help="write one JSON object, also when it fails")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            issued = self._issue(options)
        except CrowdsiteError as error:
            if options["json"]:
                self.stdout.write(json.dumps({"error": {"code": error.code, "message": error.message}}))
            raise CommandError(error.message, returncode=1) from error
        if options["json"]:
            self.stdout.write(json.dumps(issued.as_json(), ensure_ascii=False))
            return
        self.stderr.write(issuing.describe(issued.licence), style_func=str)
        self.stdout.write(issued.token)

    def _issue(self, options: dict[str, Any]) -> issuing.Issued:
        start = clock.now() if options["not_before"] is None else options["not_before"]
        return issuing.issue(
            client=options["client"],
            expires_at=options["expires"] or issuing.read_days(options["days"] or DEFAULT_DAYS, start=start),
            not_before=options["not_before"],
            max_cameras=options["max_cameras"],
            features=issuing.read_features(options["feature"]),
            licence_id=options["id"],
            key_path=options["key"],
        )


def _typed(read: Callable[[str], Any]) -> Callable[[str], Any]:
    """As argparse wants it: what is wrong with a flag is said beside the flag, with code 2."""

    def convert(text: str) -> Any:
        try:
            return read(text)
        except CrowdsiteError as error:
            raise ArgumentTypeError(error.message) from error

    return convert
