"""Misconfiguration found before anything runs: `manage.py check`."""

from typing import Any

from django.conf import settings
from django.core import checks

from licensing.keypairs import split_keys
from licensing.keys import configuration_faults


@checks.register
def check_public_keys(**_: Any) -> list[checks.CheckMessage]:
    """LICENCE_PUBLIC_KEYS holds keys; somebody's licences are trusted at all."""
    found: list[checks.CheckMessage] = [
        checks.Error(
            f"LICENCE_PUBLIC_KEYS: {fault}",
            hint="Give PEM texts, the base64 of 32 bytes, or paths of .pub files, separated by commas.",
            id="licensing.E001",
        )
        for fault in configuration_faults()
    ]
    if not settings.LICENCE_TRUST_LOCAL_KEY and not split_keys(settings.LICENCE_PUBLIC_KEYS):
        found.append(
            checks.Warning(
                "No licence can ever be valid: LICENCE_TRUST_LOCAL_KEY is off and LICENCE_PUBLIC_KEYS is empty.",
                hint="Set LICENCE_PUBLIC_KEYS to the public key of whoever issues your licences.",
                id="licensing.W001",
            )
        )
    return found
