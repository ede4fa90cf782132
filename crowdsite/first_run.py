"""What a fresh installation gets before anybody has clicked: roles, an administrator, a site, a demo
camera, a signing key and a licence by it."""

import secrets

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command

from cameras.selectors import default_site
from cameras.services import create_demo_camera, ensure_video_folder
from crowdsite.bootstrap import kept
from crowdsite.roles import ADMINISTRATOR, assign_role, ensure_roles
from crowdsite.store.connection import client
from licensing.services import ensure_local_licence, log_licence

# Set once: a demo camera that was deleted stays deleted.
DONE_KEY = "crowdsite:first_run"


def first_run() -> str | None:
    """Bring the installation to a usable state; repeatable. Returns the password of an administrator it created."""
    call_command("migrate", interactive=False, verbosity=0)
    ensure_roles()
    default_site()
    ensure_video_folder()
    ensure_local_licence()
    log_licence()
    if client().set(DONE_KEY, "1", nx=True):
        create_demo_camera()
    users = get_user_model()
    if users.objects.exists():
        return None
    password = kept(settings.VAR_DIR / "admin_password", secrets.token_urlsafe(12))
    assign_role(users.objects.create_superuser("admin", "", password), ADMINISTRATOR)
    return password
