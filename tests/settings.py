"""The project's settings with the store's own test models added.

pytest-django reads the settings before it loads conftest.py, so the run's Redis is started from here, once: processes
that tests start inherit its address.
"""

import os

if os.environ.get("CROWDSITE_TEST_RUN") != os.environ.get("PYTEST_XDIST_WORKER", "alone"):
    import tests.conftest  # noqa: F401 - starts Redis and puts its address into the environment

    os.environ["CROWDSITE_TEST_RUN"] = os.environ.get("PYTEST_XDIST_WORKER", "alone")

from crowdsite.settings import *  # noqa: F403
from crowdsite.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.store.app"]

# Otherwise every test client reads all static files when it is made.
WHITENOISE_AUTOREFRESH = True
