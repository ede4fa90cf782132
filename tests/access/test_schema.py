"""The API does what its description says, whatever is sent: made-up requests, right ones and wrong ones."""

import contextlib
from typing import Any

import hypothesis
import pytest
import schemathesis
from django.core.wsgi import get_wsgi_application
from hypothesis import HealthCheck, Phase
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from accounts.models import ApiToken
from crowdsite.errors import CrowdsiteError
from crowdsite.roles import ADMINISTRATOR, VIEWER
from tests.access.world import World
from tests.support.people import api_token

pytestmark = [pytest.mark.django_db(databases=["default", "redis"]), pytest.mark.slow]

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
RIGHT, WRONG = GenerationMode.POSITIVE, GenerationMode.NEGATIVE
# Requests of each kind to each operation; always the same ones.
EXAMPLES = 25


@pytest.fixture
def world(monkeypatch) -> World:
    def no_camera(settings: object) -> None:
        raise CrowdsiteError("Nothing answers at this address.")

    monkeypatch.setattr("cameras.api.check_connection", no_camera)
    return World()


def described(token: str) -> Any:
    """The API by its own description."""
    headers = {"Authorization": f"Token {token}"}
    return schemathesis.openapi.from_wsgi("/api/schema/?format=json", get_wsgi_application(), headers=headers)


def operations(token: str) -> list[APIOperation]:
    return [result.ok() for result in described(token).get_all_operations()]


def tried(operation: APIOperation, token: str, *, mode: GenerationMode, numbers: dict[str, Any] | None) -> list[str]:
    """What was found wrong. numbers: of the record in the path, where it is to be one that exists."""
    found: list[str] = []

    @hypothesis.settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @hypothesis.given(case=operation.as_strategy(generation_mode=mode, path_parameters=numbers))
    def ask(case: Case) -> None:
        response = case.call(headers={"Authorization": f"Token {token}"})
        try:
            case.validate_response(response, checks=CHECKS)
        except BaseExceptionGroup as group:
            found.extend(f"{operation.label} ({mode.value}): {error}" for error in group.exceptions)

    with contextlib.suppress(hypothesis.errors.Unsatisfiable):  # this operation takes nothing that could be wrong
        ask()
    return found


def test_every_operation_keeps_to_its_description(world):
    world.settle()
    token, spare = api_token(world.people[ADMINISTRATOR]), api_token(world.people[ADMINISTRATOR])
    reference = next(row.reference for row in ApiToken.objects.all() if spare.startswith(row.token_key))
    wrong: list[str] = []
    for operation in operations(token):
        wrong += tried(operation, token, mode=RIGHT, numbers=None)
        wrong += tried(operation, token, mode=WRONG, numbers=None)
        if "{id}" in operation.path:
            number = str(reference) if "/tokens/" in operation.path else 1
            for mode in (RIGHT, WRONG):
                world.settle()
                wrong += tried(operation, token, mode=mode, numbers={"id": number})
        world.settle()
    assert not wrong, "\n\n".join(dict.fromkeys(wrong))
    assert described(token)  # the token was not lost on the way, which would have made everything a 401


@pytest.mark.parametrize("who", [None, VIEWER])
def test_refusals_keep_to_the_description_too(world, who):
    world.settle()
    token = api_token(world.people[who]) if who else "cs_wrong"
    wrong: list[str] = []
    for operation in operations(api_token(world.people[ADMINISTRATOR])):
        wrong += tried(operation, token, mode=RIGHT, numbers=None)
    assert not wrong, "\n\n".join(dict.fromkeys(wrong))
