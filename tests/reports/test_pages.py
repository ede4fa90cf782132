import pytest
from django.contrib.auth.models import User
from django.test import Client

from cameras.models import Site
from crowdsite.roles import OPERATOR, VIEWER
from tests.support.people import person
from tracking.models import TrackingSettings

pytestmark = pytest.mark.django_db(databases=["default", "redis"])


@pytest.fixture
def browser() -> Client:
    client = Client()
    client.force_login(person(OPERATOR))
    return client


def page(browser: Client, path: str) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_dashboard_says_everything_without_a_script(browser, doors):
    doors.limit(600, 480)
    doors.cross(doors.add("Main gate"), "in", 3)
    doors.add("Dock", state="offline", reason="The camera refused the password.")
    html = page(browser, "/")
    for words in ("Below the warning level", "≥ 3", "1 of 2", "Dock is offline", "The camera refused the password."):
        assert words in html


def test_a_newcomer_is_told_the_first_steps(browser, doors):
    html = page(browser, "/")
    assert "Connect the first camera" in html
    assert 'href="/cameras/add"' in html


@pytest.mark.parametrize("path", ["/", "/cameras"])
def test_a_viewer_of_an_empty_site_is_told_whom_to_ask(doors, path):
    client = Client()
    client.force_login(person(VIEWER))
    html = page(client, path)
    assert "No camera is here yet" in html
    assert "Connect the first camera" not in html


def test_many_cameras_are_folded_and_can_be_shown(browser, doors):
    for number in range(14):
        doors.add(f"Door {number:02}")
    folded, whole = page(browser, "/"), page(browser, "/?all=1")
    assert folded.count("data-camera=") == 12
    assert "Show all 14 cameras" in folded
    assert whole.count("data-camera=") == 14
    assert 'data-density="compact"' in folded


def test_a_hostile_name_stays_text(browser, doors):
    doors.add("<script>alert(1)</script>", state="offline", reason="</script><b>x</b>")
    for path in ("/", "/wall", "/cameras"):
        html = page(browser, path)
        assert "<script>alert(1)" not in html
        assert "</script><b>x" not in html


def test_sites_can_be_switched(browser, doors):
    annex = Site.objects.create(name="Annex", timezone="UTC")
    doors.add("Gate")
    html = page(browser, "/")
    assert f'href="/?site={annex.pk}"' in html
    assert f'data-stats-url="/api/stats?site={annex.pk}"' in page(browser, f"/?site={annex.pk}")


def test_the_list_of_cameras_shows_states_and_counts(browser, doors):
    doors.cross(doors.add("Main gate"), "in", 7)
    doors.add("Dock", state="offline", reason="The camera refused the password.")
    html = page(browser, "/cameras")
    assert html.index("Dock") < html.index("Main gate")
    assert "The camera refused the password." in html
    assert ">7<" in html


def test_the_camera_page_has_the_editor_and_its_line(browser, doors):
    camera = doors.add("Main gate")
    html = page(browser, f"/cameras/{camera.pk}")
    assert "[[0.1, 0.6], [0.9, 0.6]]" in html
    assert 'data-handle="a"' in html
    assert "js/camera-page.js" in html


def test_a_form_that_cannot_be_saved_keeps_the_input_and_says_why(browser, doors):
    answer = browser.post("/cameras/add", {"name": "Gate", "url": "ftp://nowhere"})
    html = answer.content.decode()
    assert answer.status_code == 422
    assert "Not saved." in html
    assert "ftp://nowhere" in html
    assert 'aria-invalid="true"' in html


def test_equipment_tasks_survive_a_form_that_does_not_show_them(browser, doors):
    camera = doors.add("Gate", tasks=["in_count", "helmet"])
    html = page(browser, f"/cameras/{camera.pk}")
    assert '<input type="hidden" name="tasks" value="helmet">' in html


def test_the_navigation_has_only_what_exists_and_what_one_may_open(doors):
    viewer = Client()
    viewer.force_login(person(VIEWER))
    html = page(viewer, "/")
    assert 'href="/admin/"' not in html
    for absent in ("/reports", "/ppe", "/faces", "/alerts", "/visitors"):
        assert f'href="{absent}' not in html


def test_no_page_runs_inline_scripts_or_styles(browser, doors):
    """So that a content security policy can forbid them."""
    camera = doors.add("Gate")
    doors.limit(600, 480)
    for path in ("/", "/wall", "/cameras", "/cameras/add", f"/cameras/{camera.pk}"):
        html = page(browser, path)
        assert " style=" not in html
        assert " onclick=" not in html
        for script in html.split("<script")[1:]:
            head = script.split(">", 1)[0]
            assert "src=" in head or 'type="application/json"' in head


def test_the_chosen_theme_comes_with_the_page(browser, doors):
    browser.cookies["theme"] = "dark"
    assert 'data-theme="dark"' in page(browser, "/")
    browser.cookies["theme"] = '"><script>'
    assert "data-theme" not in page(browser, "/").split("<head>")[0]


def test_errors_are_pages_with_a_sentence(browser, settings):
    settings.DEBUG = False
    missing = browser.get("/nothing-here")
    assert missing.status_code == 404
    assert "There is no such page" in missing.content.decode()
    strange = Client(enforce_csrf_checks=True).post("/login", {"username": "x", "password": "y"})
    assert strange.status_code == 403
    assert "The form was open too long" in strange.content.decode()


def test_a_wrong_password_is_said_and_the_name_kept():
    answer = Client().post("/login", {"username": "guard", "password": "wrong"})
    html = answer.content.decode()
    assert 'role="alert"' in html
    assert 'value="guard"' in html
    assert "wrong" not in html.split("<form")[1].split('name="password"')[1].split(">")[0]


def test_a_head_count_settles_people_who_left_without_an_entry(browser, doors):
    gate = doors.add("Main gate")
    doors.cross(gate, "out", 3)
    assert "Correct the number" in page(browser, "/")
    answer = browser.post("/occupancy", {"site": doors.site.pk, "inside": "12"}, follow=True)
    html = answer.content.decode()
    assert "12 people are inside now" in html
    stats = browser.get("/api/stats").json()["occupancy"]
    assert (stats["inside"], stats["missed_entries"]) == (12, 0)


@pytest.mark.parametrize("nonsense", ["", "-3", "many", "1e9", "9999999"])
def test_a_head_count_that_is_no_number_changes_nothing(browser, doors, nonsense):
    doors.cross(doors.add("Main gate"), "in", 2)
    answer = browser.post("/occupancy", {"site": doors.site.pk, "inside": nonsense}, follow=True)
    assert "whole number" in answer.content.decode()
    assert browser.get("/api/stats").json()["occupancy"]["inside"] == 2


def test_viewers_cannot_correct_the_number(doors):
    viewer = Client()
    viewer.force_login(person(VIEWER))
    assert viewer.post("/occupancy", {"site": doors.site.pk, "inside": "1"}).status_code == 403


@pytest.mark.parametrize("path", ["/", "/wall", "/api/stats", "/cameras"])
def test_an_account_without_a_role_sees_nothing(doors, path):
    doors.add("Main gate")
    stranger = Client()
    stranger.force_login(User.objects.create_user("stranger"))
    answer = stranger.get(path)
    assert answer.status_code == 403
    assert "Main gate" not in answer.content.decode()
    assert "administrator" in answer.content.decode()
    if not path.startswith("/api"):
        assert "has no role yet" in answer.content.decode()


@pytest.mark.parametrize(("role", "may_open"), [(VIEWER, False), (OPERATOR, True)])
def test_counting_switched_off_is_said_to_all_with_a_button_for_those_who_can_change_it(doors, role, may_open):
    doors.add("Gate")
    settings = TrackingSettings.load()
    settings.in_out_counting = False
    settings.save()
    client = Client()
    client.force_login(person(role))
    html, (notice,) = page(client, "/"), client.get("/api/stats").json()["notices"]
    assert "Counting is switched off." in html
    assert ('href="/settings/counting"' in html) == may_open == (notice["action"] is not None)


def test_a_viewer_is_offered_nothing_that_only_operators_may_do(doors):
    doors.add("Demo", url="demo:scene")
    client = Client()
    client.force_login(person(VIEWER))
    (notice,) = client.get("/api/stats").json()["notices"]
    assert (notice["code"], notice["action"]) == ("demo", None)
