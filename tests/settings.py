"""The project's settings with the store's own test models added.

pytest-django reads the settings before it loads conftest.py, so the run's Redis is started from here.
"""

import tests.conftest  # noqa: F401, I001 - before the settings: it starts Redis and says where it is

from crowdsite.settings import *  # noqa: F403
from crowdsite.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.store.app"]
