"""The three roles, as Django groups: viewers look, operators also set up, administrators do everything."""

from auditlog.context import disable_auditlog
from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractUser, Group, Permission
from django.db.models import Q

VIEWER = "viewer"
OPERATOR = "operator"
ADMINISTRATOR = "administrator"
ROLES = (VIEWER, OPERATOR, ADMINISTRATOR)

# The apps whose records are the project's own; those not installed are passed over.
OWN_APPS = ("crowdsite", "licensing", "cameras", "tracking", "ppe", "faces", "reports", "alerts", "operations")

# What an installation is set up with: nothing for those who only look at what it shows.
_NOT_FOR_VIEWERS = Q(content_type__app_label__in=("licensing", "operations")) | Q(
    content_type__model__in=("capturedefaults", "trackingsettings", "ppesettings")
)

# Links to set a password leave through it: whoever names the mail server could become anybody.
_NOT_FOR_OPERATORS = Q(content_type__app_label="operations", content_type__model="mailsettings")

# Changes that reach every site.
INSTALLATION_WIDE = frozenset(
    f"{app}.{action}_{model}"
    for app, model in (
        ("cameras", "capturedefaults"),
        ("tracking", "trackingsettings"),
        ("ppe", "ppesettings"),
        ("operations", "systemsettings"),
        ("licensing", "licence"),
    )
    for action in ("add", "change", "delete")
)


@disable_auditlog()  # what a version brings along is nobody's doing
def ensure_roles() -> None:
    """Create the groups and give them today's permissions. Repeatable: permissions of new models are added."""
    labels = [label for label in OWN_APPS if apps.is_installed(label)]
    own = Permission.objects.filter(content_type__app_label__in=labels)
    wanted = {
        VIEWER: own.filter(codename__startswith="view_").exclude(_NOT_FOR_VIEWERS),
        OPERATOR: own.exclude(_NOT_FOR_OPERATORS),
        ADMINISTRATOR: Permission.objects.all(),
    }
    for role, permissions in wanted.items():
        group, _ = Group.objects.get_or_create(name=role)
        group.permissions.set(permissions)
    # Superusers made by `createsuperuser`, or before there were roles.
    administrators = Group.objects.get(name=ADMINISTRATOR)
    for user in get_user_model().objects.filter(is_superuser=True).exclude(groups=administrators):
        user.groups.add(administrators)


def assign_role(user: AbstractUser, role: str) -> None:
    """Give `user` this role and no other. Operators and administrators may enter the admin.

    Being superuser is part of being administrator: a lesser role takes it away.
    """
    if role not in ROLES:
        raise ValueError(f"There is no role {role!r}. The roles are {', '.join(ROLES)}.")
    user.groups.remove(*Group.objects.filter(name__in=ROLES))
    user.groups.add(Group.objects.get(name=role))
    user.is_staff = role != VIEWER
    user.is_superuser = user.is_superuser and role == ADMINISTRATOR
    user.save(update_fields=["is_staff", "is_superuser"])
