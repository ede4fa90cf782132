"""A whole installation of real processes: a key sent to one of them, seen by the other, and its end."""

import time

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from licensing.keypairs import public_pem
from tests.licensing.issued import token
from tests.support.installation import Installation, wait_until

TOKEN_CODE = """
from django.contrib.auth.models import User
from accounts.services import create_token
print(create_token(user=User.objects.get(username="admin"), name="test", days=None)[1])
"""


@pytest.mark.slow
def test_a_key_sent_to_one_web_process_is_at_work_in_the_other_until_it_ends():
    vendor = Ed25519PrivateKey.generate()
    site = Installation(LICENCE_PUBLIC_KEYS=public_pem(vendor.public_key()).replace("\n", "\\n"))
    try:
        one, two = site.start_web(), site.start_web()
        headers = {"Authorization": f"Token {site.shell(TOKEN_CODE).splitlines()[-1]}"}

        def seen(address: str) -> tuple[str, str, bool]:
            body = httpx.get(f"{address}/license", headers=headers).json()
            return body["state"], body["client"], body["features"][0]["enabled"]

        assert seen(one) == seen(two) == ("valid", "This installation", True)
        key = token(vendor, expires_at=int(time.time()) + 8)
        assert httpx.post(f"{one}/license", headers=headers, json={"license_key": key}).status_code == 200
        assert seen(two) == ("valid", "Acme Yards", True)
        wait_until(lambda: seen(two) == ("expired", "Acme Yards", False), "the licence ends while the process runs", 20)
        assert seen(one) == ("expired", "Acme Yards", False)
        refused = httpx.post(f"{two}/license", headers=headers, json={"license_key": key})
        assert refused.json()["error"]["code"] == "licence_expired"
        assert key[:60] not in site.logs()
        assert "PRIVATE" not in site.logs()
        assert site.client.get("licensing:first_run") == b"1"
    finally:
        site.close()
