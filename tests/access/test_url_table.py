"""Every address of the project, asked by everybody: `table` decides each answer."""

import re

import pytest
from django.apps import apps
from django.contrib import admin

from crowdsite.errors import CrowdsiteError
from crowdsite.roles import ADMINISTRATOR, OPERATOR, VIEWER
from tests.access.routes import METHODS, Route, routes
from tests.access.table import ADMIN, PAGES
from tests.access.world import EVERYBODY, NOBODY, OPERATOR_ELSEWHERE, VIEWER_ELSEWHERE, World, said

pytestmark = [pytest.mark.django_db(databases=["default", "redis"]), pytest.mark.slow]

MODEL_PAGE = re.compile(r"/admin/(?P<model>\w+/\w+)/(?P<rest>|add/|<object_id>/((change|delete|history)/)?)$")
LETTERS = {"": "l", "add/": "a", "<object_id>/change/": "c", "<object_id>/delete/": "d", "<object_id>/history/": "h"}


def page_rows() -> dict[tuple[str, str], dict[str, str]]:
    """(method, path) -> who -> expected word."""
    rows = {}
    for line in PAGES.splitlines():
        if not line.strip():
            continue
        methods, path, nobody, viewer, operator, administrator, elsewhere = line.split()
        expected = {NOBODY: nobody, VIEWER: viewer, OPERATOR: operator, ADMINISTRATOR: administrator}
        expected[OPERATOR_ELSEWHERE] = operator if elsewhere == "=" else elsewhere
        # Which of two refusals comes first is nobody's business.
        others = {viewer, elsewhere} - {"ok", "said", "="} if viewer != "ok" else {elsewhere}
        expected[VIEWER_ELSEWHERE] = viewer if elsewhere == "=" else " or ".join(sorted(others))
        for method in METHODS if methods == "ANY" else methods.split(","):
            assert (method, path) not in rows, f"{method} {path} has two rows."
            rows[method, path] = expected
    return rows


def admin_rows() -> dict[str, tuple[str, str, str]]:
    """`app.model` -> what operator, administrator and operator elsewhere may do."""
    return {model: tuple(rest) for model, *rest in (line.split() for line in ADMIN.splitlines() if line.strip())}


def pages() -> list[Route]:
    """Without those of models in the admin, and without second spellings (`/api/cameras.json`)."""
    return [route for route in routes() if not route.is_suffixed and not MODEL_PAGE.match(route.path)]


@pytest.fixture
def world(monkeypatch) -> World:
    def no_camera(settings: object) -> None:
        raise CrowdsiteError("Nothing answers at this address.")

    monkeypatch.setattr("cameras.api.check_connection", no_camera)
    return World()


def test_every_address_has_a_row_and_every_row_an_address():
    rows = page_rows()
    paths = {route.path for route in pages()}
    known = {path for _method, path in rows}
    missing = [f"{path} has no row: decide in tests/access/table.py who may call it." for path in sorted(paths - known)]
    stray = [f"{path} has a row, but there is no such address." for path in sorted(known - paths)]
    assert not missing + stray, "\n" + "\n".join(missing + stray)


def test_every_model_of_the_admin_has_a_row_and_every_row_a_model():
    registered = {model._meta.label_lower for model in admin.site._registry}
    registered -= {label for label in registered if label.startswith("shop.")}
    missing = [f"{label} is in the admin and has no row." for label in sorted(registered - set(admin_rows()))]
    stray = [f"{label} has a row and is not in the admin." for label in sorted(set(admin_rows()) - registered)]
    assert not missing + stray, "\n" + "\n".join(missing + stray)


def test_a_second_spelling_is_the_same_view():
    known = {id(route.callback) for route in pages()}
    for route in routes():
        if route.is_suffixed:
            assert id(route.callback) in known, f"{route.path} leads elsewhere than the address without a suffix."


@pytest.mark.parametrize("part", ["cameras and sites", "people and settings", "api", "admin"])
def test_the_pages_answer_as_the_table_says(world, part):
    wrong = []
    for (method, path), expected in page_rows().items():
        if part_of(path) != part:
            continue
        for who in EVERYBODY:
            found = said(world.ask(who, method, path))
            if found not in expected[who].split(" or "):
                wrong.append(f"{method} {path} as {who}: {found}, and the table says {expected[who]}.")
    assert not wrong, "\n" + "\n".join(wrong)


def part_of(path: str) -> str:
    """One test each, so that a failure is found quickly."""
    if path.startswith("/admin/"):
        return "admin"
    if path.startswith("/api") or path in {"/license", "/metrics", "/favicon.ico", "/healthz", "/readyz"}:
        return "api"
    return "people and settings" if re.match(r"/(account|settings|log|password)", path) else "cameras and sites"


def test_other_methods_are_refused(world):
    rows, wrong = page_rows(), []
    for route in pages():
        for method in METHODS:
            if route.is_admin or (method, route.path) in rows:
                continue
            found = said(world.ask(ADMINISTRATOR, method, route.path))
            if found not in {"403", "404", "405"}:
                wrong.append(f"{method} {route.path} is let in ({found}) and has no row.")
    assert not wrong, "\n" + "\n".join(wrong)


@pytest.mark.parametrize("label", sorted(admin_rows()))
def test_the_admin_answers_as_the_table_says(world, label):
    operator, administrator, elsewhere = admin_rows()[label]
    may = {OPERATOR: operator, ADMINISTRATOR: administrator, OPERATOR_ELSEWHERE: elsewhere}
    wrong = []
    for route in routes():
        page = MODEL_PAGE.match(route.path)
        if page is None or page["model"].replace("/", ".") != label:
            continue
        for who in EVERYBODY:
            for method in ("GET", "POST"):
                wanted = admin_word(may, who, method, page["rest"])
                found = said(world.ask(who, method, route.path, {"object_id": record(label)}))
                if wanted not in (None, found):
                    wrong.append(f"{method} {route.path} as {who}: {found}, and the table says {wanted}.")
    assert not wrong, "\n" + "\n".join(wrong)


def admin_word(may: dict[str, str], who: str, method: str, rest: str) -> str | None:
    """The expected word; None where the table leaves it open."""
    if who not in may:
        return "login"
    letter = LETTERS.get(rest)
    if letter is None:
        return "ok"  # leads on to the change page, which decides
    allowed = may[who]
    if allowed in ("404", "="):
        elsewhere, allowed = allowed, may[OPERATOR]
        if elsewhere == "404" and "<object_id>" in rest:
            return "404"
        if elsewhere == "404" and rest == "add/":
            return None  # cameras of one's own site may be added, sites not: `test_visibility` has it
    if letter.upper() in allowed:
        return "ok"
    if letter in allowed:
        return "ok" if method == "GET" or letter in "lh" else "403"
    return "403"


def record(label: str) -> object:
    """The number of a record of this model."""
    model = apps.get_model(label)
    if label in {"cameras.camera", "cameras.site"}:
        return 1
    first = model.objects.order_by("pk").first()
    return 1 if first is None else first.pk


def test_the_words_of_the_table_are_told_apart(world):
    """Otherwise `ok` could mean anything."""
    assert said(world.ask(ADMINISTRATOR, "GET", "/nothing-here")) == "404"
    assert said(world.ask(NOBODY, "GET", "/cameras")) == "login"
    assert said(world.ask(VIEWER, "POST", "/cameras/<camera_id>")) == "403"
