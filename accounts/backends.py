"""What roles allow, less what belongs to every site at once for those who see only some of them."""

from typing import Any

from django.contrib.auth.backends import ModelBackend

from accounts.visibility import visible_site_ids
from crowdsite.roles import INSTALLATION_WIDE


class SiteAwareBackend(ModelBackend):
    """Whoever is limited to sites looks at what holds for the whole installation, and changes none of it."""

    def get_all_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        found: set[str] = super().get_all_permissions(user_obj, obj)
        if user_obj.is_anonymous or obj is not None or not found & INSTALLATION_WIDE:
            return found
        # Kept with the user, that is for one request, as Django keeps its own answer.
        if not hasattr(user_obj, "_site_perm_cache"):
            limited = visible_site_ids(user_obj) is not None
            user_obj._site_perm_cache = found - INSTALLATION_WIDE if limited else found
        kept: set[str] = user_obj._site_perm_cache
        return kept
