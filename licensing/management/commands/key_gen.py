"""Issues a licence key by asking, and looks after the keys that sign."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import redis
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error

from crowdsite import clock
from crowdsite.errors import CrowdsiteError
from licensing import issuing, keys, services
from licensing.keypairs import fingerprint, public_pem


class Command(BaseCommand):
    help = (
        "Asks for client, cameras, modules and days, and prints a licence key. --new-key exchanges this installation's "
        "signing key, --new-pair PATH makes a key pair elsewhere, --distrust ID stops trusting an old key."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--key", type=Path, help="file with the private signing key (default: this installation's)")
        instead = parser.add_mutually_exclusive_group()
        instead.add_argument("--new-key", action="store_true", help="sign with a new key from now on")
        instead.add_argument("--new-pair", type=Path, metavar="PATH", help="write a key pair to PATH and PATH.pub")
        instead.add_argument("--distrust", metavar="ID", help="refuse licences signed with this key from now on")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["new_key"]:
                self._new_key()
            elif options["new_pair"]:
                self._new_pair(options["new_pair"])
            elif options["distrust"]:
                self._distrust(options["distrust"])
            else:
                self._ask(options["key"])
        except CrowdsiteError as error:
            raise CommandError(error.message, returncode=1) from error
        except (EOFError, KeyboardInterrupt) as error:
            raise CommandError("Nothing was issued.", returncode=1) from error

    def _ask(self, key_path: Path | None) -> None:
        keys.read_signing_key(key_path or keys.signing_key_path())  # said before anybody answers five questions
        client = self._answer("Client", issuing.read_client)
        max_cameras = self._answer("Cameras (empty: no limit)", issuing.read_max_cameras)
        features = self._answer(
            "Modules: ppe, visitors, faces or all (empty: none)",
            lambda text: issuing.read_features(text.split(",")),
        )
        expires_at = self._answer(
            "Valid for how many days (empty: 365)", lambda text: issuing.read_days(text or "365", start=clock.now())
        )
        issued = issuing.issue(
            client=client, expires_at=expires_at, max_cameras=max_cameras, features=features, key_path=key_path
        )
        self.stdout.write(
            f"\n{issuing.describe(issued.licence)}\nSigned with the key {issued.key_id}.\n\n{issued.token}\n\n"
            "Paste this key under Settings, Licence, or send it with POST /license."
        )

    def _answer(self, question: str, read: Callable[[str], Any]) -> Any:
        while True:
            try:
                return read(input(f"{question}: "))
            except CrowdsiteError as error:
                self.stdout.write(error.message)

    def _new_key(self) -> None:
        key = keys.replace_signing_key()
        self.stdout.write(f"The key {_name(key)} in {keys.signing_key_path()} signs from now on.")
        try:
            services.publish_key(key.public_key())
        except (Error, redis.RedisError):
            self.stdout.write("Redis does not answer: the other machines will trust it when the web process starts.")
        self.stdout.write("Licences by the earlier key stay valid until: manage.py key_gen --distrust ID")

    def _new_pair(self, path: Path) -> None:
        key = keys.new_private_key()
        keys.write_private_key(path, key)
        self.stdout.write(
            f"Private key: {path} (keep it to yourself)\nPublic key:  {path}.pub, {_name(key)}\n\n"
            f"{public_pem(key.public_key())}\n"
            "Set LICENCE_PUBLIC_KEYS to the public key where its licences shall be valid."
        )

    def _distrust(self, name: str) -> None:
        if not services.distrust_key(name.strip().lower()):
            raise CommandError(f"No key of this installation is called {name[:40]}.", returncode=1)
        self.stdout.write("Licences signed with it are refused from now on.")


def _name(key: Ed25519PrivateKey) -> str:
    return fingerprint(key.public_key())
