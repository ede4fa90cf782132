import pytest
from django.contrib.auth.hashers import check_password, identify_hasher
from django.contrib.auth.models import User

from accounts.passlib import to_django
from crowdsite.errors import CrowdsiteError


@pytest.fixture
def stored() -> str:
    import base64
    import hashlib

    checksum = hashlib.pbkdf2_hmac("sha256", b"password", bytes(range(16)), 1000)
    text = base64.b64encode(checksum).decode().rstrip("=").replace("+", ".")
    return f"$pbkdf2-sha256$1000$AAECAwQFBgcICQoLDA0ODw${text}"


def test_a_password_of_v81_is_verified(stored):
    hashed = to_django(stored)
    assert check_password("password", hashed)
    assert not check_password("Password", hashed)


@pytest.mark.django_db
def test_the_first_login_makes_it_a_hash_of_django(stored):
    user = User.objects.create(username="guard", password=to_django(stored))
    assert user.check_password("password")
    assert identify_hasher(User.objects.get().password).algorithm == "pbkdf2_sha256"
    assert User.objects.get().check_password("password")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "password",
        "$pbkdf2-sha512$1000$AAEC$AAAA",
        "$pbkdf2-sha256$0$AAECAwQFBgcICQoLDA0ODw$" + "A" * 43,
        "$pbkdf2-sha256$999999999$AAECAwQFBgcICQoLDA0ODw$" + "A" * 43,
        "$pbkdf2-sha256$1000$AAECAwQFBgcICQoLDA0ODw$" + "A" * 42,
        "$pbkdf2-sha256$1000$A$" + "A" * 43,
        "$pbkdf2-sha256$1000$AA=$" + "A" * 43,
        "x" * 1_000_000,
    ],
)
def test_anything_else_is_refused_with_a_sentence(text):
    with pytest.raises(CrowdsiteError) as refusal:
        to_django(text)
    assert refusal.value.message.endswith(".")


def test_an_empty_salt_is_a_salt():
    import base64
    import hashlib

    checksum = base64.b64encode(hashlib.pbkdf2_hmac("sha256", b"pw", b"", 5)).decode().rstrip("=").replace("+", ".")
    hashed = to_django(f"$pbkdf2-sha256$5$${checksum}")
    assert hashed.count("$") == 3
