import time

import pytest

from cameras.selectors import default_site
from crowdsite.store.connection import client
from tests.support.doors import Doors


@pytest.fixture
def doors() -> Doors:
    """A site whose cameras report and count as the loops do it, at this moment."""
    return Doors(client(), default_site(), time.time())
