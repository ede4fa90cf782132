"""Let somebody log in again who failed too often."""

from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.lockout import unlock


class Command(BaseCommand):
    help = "Forget the failed logins of a user, so that the pause after them ends."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")

    def handle(self, *args: Any, username: str, **options: Any) -> None:
        user = User.objects.filter(username=username).first()
        if user is None:
            raise CommandError(f"There is no user {username!r}.")
        forgotten = unlock(user)
        self.stdout.write(f"{username} can try again." if forgotten else f"{username} was not locked out.")
