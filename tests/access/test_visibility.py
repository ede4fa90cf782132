"""Somebody who works for one of two sites: what he sees, what he changes, what he never hears of."""

import asyncio
import json
import time

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.test import AsyncClient, Client

from accounts.models import ApiToken, Profile
from cameras import services, stream_views
from cameras.hub import picture_hub
from cameras.live import pack, picture_channel
from cameras.models import Camera, Site
from cameras.selectors import default_site, deleted_cameras_for
from cameras.status import CameraStatus, write_status
from crowdsite.clock import site_day
from crowdsite.roles import OPERATOR, VIEWER
from crowdsite.store.connection import async_client
from crowdsite.store.connection import client as redis_client
from tests.support.people import api_token, person
from tracking.counters import occupancy

pytestmark = pytest.mark.django_db(databases=["default", "redis"])

URL = "rtsp://10.0.0.9/stream"


def limit(user: User, *sites: Site) -> User:
    Profile.objects.update_or_create(user=user, defaults={"all_sites": False, "site_ids": [site.pk for site in sites]})
    return user


def browser_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def theirs() -> Site:
    """The site of others. It is the oldest one, which everybody else begins with."""
    return default_site()


@pytest.fixture
def own(theirs) -> Site:
    return services.create_site(name="Annex", max_capacity=50)


@pytest.fixture
def hidden(theirs) -> Camera:
    return services.create_camera(name="Hidden gate", url=URL, site=theirs)


@pytest.fixture
def gate(own) -> Camera:
    return services.create_camera(name="Annex gate", url=URL, site=own)


@pytest.fixture
def operator(own, hidden, gate) -> User:
    return limit(person(OPERATOR), own)


@pytest.fixture
def browser(operator) -> Client:
    return browser_of(operator)


def api(browser: Client, method: str, path: str, **values) -> tuple[int, dict]:
    answer = browser.generic(method, path, json.dumps(values), content_type="application/json")
    return answer.status_code, answer.json() if answer.content else {}


def test_the_api_lists_and_shows_only_what_is_ones_own(browser, own, theirs, gate, hidden):
    assert [camera["id"] for camera in browser.get("/api/cameras/").json()["results"]] == [gate.pk]
    assert [site["id"] for site in browser.get("/api/sites/").json()["results"]] == [own.pk]
    assert browser.get(f"/api/cameras/?site_id={theirs.pk}").json()["results"] == []
    assert browser.get("/api/cameras/?search=Hidden").json()["results"] == []
    for method in ("GET", "PATCH", "DELETE"):
        assert api(browser, method, f"/api/cameras/{hidden.pk}/", name="Mine")[0] == 404
        assert api(browser, method, f"/api/sites/{theirs.pk}/", name="Mine")[0] == 404
    hidden.refresh_from_db()
    assert hidden.name == "Hidden gate"


@pytest.mark.parametrize("word", ["site_id", "site"])
def test_a_camera_cannot_be_moved_where_one_does_not_see_it(browser, gate, own, theirs, word):
    status, answer = api(browser, "PATCH", f"/api/cameras/{gate.pk}/", **{word: theirs.pk})
    assert status == 400
    assert "There is no site with the number" in answer["error"]["fields"][word][0]
    gate.refresh_from_db()
    assert gate.site_id == own.pk


def test_what_is_said_about_a_site_of_others_is_what_is_said_about_one_that_is_not_there(browser, gate, theirs):
    found = [
        api(browser, "PATCH", f"/api/cameras/{gate.pk}/", site_id=number)[1]["error"]["message"].replace(
            str(number), "N"
        )
        for number in (theirs.pk, 999)
    ]
    assert found[0] == found[1]


def test_a_new_camera_joins_the_first_site_one_sees(browser, own, theirs):
    status, answer = api(browser, "POST", "/api/cameras/", name="New", url=URL)
    assert (status, answer["site_id"]) == (201, own.pk)
    assert api(browser, "POST", "/cameras", name="Newer", url=URL)[1]["site_id"] == own.pk
    assert api(browser, "POST", "/api/cameras/", name="Newest", url=URL, site_id=theirs.pk)[0] == 400


def test_somebody_limited_to_sites_makes_no_sites(browser):
    status, answer = api(browser, "POST", "/api/sites/", name="Third")
    assert (status, answer["error"]["code"]) == (403, "forbidden")
    assert answer["error"]["message"].endswith("Ask an administrator.")
    assert not Site.objects.filter(name="Third").exists()


def test_ones_own_site_and_cameras_can_be_changed(browser, own, gate):
    assert api(browser, "PATCH", f"/api/sites/{own.pk}/", max_capacity=70)[0] == 200
    assert api(browser, "PATCH", f"/api/cameras/{gate.pk}/", show=False)[0] == 200
    assert browser.post(f"/cameras/{gate.pk}/disable").status_code == 302
    gate.refresh_from_db()
    assert not gate.enabled


def test_pages_show_nothing_of_other_sites(browser, own, theirs, gate, hidden):
    for path in ("/", "/wall", "/cameras", f"/cameras/{gate.pk}", "/cameras/add", f"/cameras?site={theirs.pk}"):
        html = browser.get(path).content.decode()
        assert "Hidden gate" not in html
        assert theirs.name not in html
    assert f'data-stats-url="/api/stats?site={own.pk}"' in browser.get("/").content.decode()
    for path in (f"/?site={theirs.pk}", f"/wall?site={theirs.pk}", f"/api/stats?site={theirs.pk}"):
        assert browser.get(path).status_code == 404
    assert browser.get("/api/stats").json()["site"]["id"] == own.pk


def test_forms_offer_ones_own_sites_and_take_no_others(browser, own, theirs, gate):
    whole = {"name": "Annex gate", "url": URL, "site": theirs.pk, "transport": "tcp", "orientation": "normal"}
    answer = browser.post(f"/cameras/{gate.pk}", {**whole, "resolution": "720p", "enabled": "on"})
    assert answer.status_code == 422
    answer = browser.post("/cameras/add", {**whole, "name": "New", "resolution": "720p"})
    assert answer.status_code == 422
    assert Camera.objects.filter(site=theirs).count() == 1


def test_posts_to_cameras_of_others_change_nothing(browser, hidden):
    for path in ("", "/delete", "/disable", "/enable"):
        assert browser.post(f"/cameras/{hidden.pk}{path}", {"name": "Mine"}).status_code == 404
    hidden.refresh_from_db()
    assert (hidden.name, hidden.enabled) == ("Hidden gate", True)


def test_deleted_cameras_of_others_are_neither_listed_nor_brought_back(browser, operator, gate, hidden):
    services.delete_camera(camera_id=hidden.pk)
    services.delete_camera(camera_id=gate.pk)
    assert [camera.name for camera in deleted_cameras_for(operator)] == ["Annex gate"]
    assert "Hidden gate" not in browser.get("/cameras").content.decode()
    browser.post("/cameras/restore", {"camera_id": hidden.pk})
    assert not Camera.objects.filter(pk=hidden.pk).exists()
    browser.post("/cameras/restore", {"camera_id": gate.pk})
    assert Camera.objects.filter(pk=gate.pk).exists()


def test_the_number_inside_is_corrected_at_ones_own_site_only(browser, own, theirs):
    assert browser.post("/occupancy", {"site": theirs.pk, "inside": "9"}).status_code == 404
    assert browser.post("/occupancy", {"site": own.pk, "inside": "9"}).status_code == 302
    for site, inside in ((theirs, 0), (own, 9)):
        assert occupancy(redis_client(), site.pk, site_day(time.time(), site.timezone)).inside == inside


def test_the_admin_has_ones_own_records_only(browser, own, theirs, gate, hidden):
    for path in ("/admin/cameras/camera/", "/admin/cameras/site/", "/admin/cameras/camera/add/"):
        html = browser.get(path).content.decode()
        assert own.name in html
        assert "Hidden gate" not in html
        assert theirs.name not in html
    for path in ("change", "delete", "history"):
        assert browser.get(f"/admin/cameras/camera/{hidden.pk}/{path}/").status_code == 302
    found = browser.get("/admin/autocomplete/?app_label=cameras&model_name=camera&field_name=site&term=").json()
    assert [row["id"] for row in found["results"]] == [str(own.pk)]


@pytest.mark.parametrize("action", ["disable", "delete_selected"])
def test_bulk_actions_reach_ones_own_cameras_only(browser, gate, hidden, action):
    numbers = [gate.pk, hidden.pk]
    data = {"action": action, "_selected_action": numbers, "post": "yes"}
    browser.post("/admin/cameras/camera/", data)
    hidden.refresh_from_db()
    assert hidden.enabled
    own = Camera.objects.filter(pk=gate.pk).first()
    assert own is None if action == "delete_selected" else not own.enabled


def test_the_admin_list_saves_no_rows_of_others(browser, gate, hidden):
    rows = {f"form-{i}-id": camera.pk for i, camera in enumerate((hidden, gate))}
    counts = {"form-TOTAL_FORMS": 2, "form-INITIAL_FORMS": 2, "form-MIN_NUM_FORMS": 0, "form-MAX_NUM_FORMS": 1000}
    browser.post("/admin/cameras/camera/", {**rows, **counts, "_save": "Save"})  # both switches off in both rows
    hidden.refresh_from_db()
    assert hidden.enabled and hidden.show


def test_somebody_who_sees_no_site_is_told_whom_to_ask(theirs, hidden):
    user = limit(person(OPERATOR))
    browser = browser_of(user)
    for path, status in (("/", 200), ("/wall", 200), ("/cameras", 200), ("/cameras/add", 403)):
        answer = browser.get(path)
        assert answer.status_code == status
        assert "Ask an administrator to choose the sites you work for" in answer.content.decode()
        assert "Hidden gate" not in answer.content.decode()
    answer = browser.get("/api/stats")
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "no_site")
    status, answer = api(browser, "POST", "/api/cameras/", name="New", url=URL)
    assert (status, answer["error"]["code"]) == (403, "no_site")
    assert browser.get("/api/cameras/").json()["results"] == []
    assert browser.get("/admin/cameras/camera/").status_code == 200
    assert browser.get("/admin/cameras/camera/add/").status_code == 403


def test_the_chosen_site_is_remembered_until_it_is_not_ones_own_any_more(operator, own, theirs):
    limit(operator, own, theirs)
    browser = browser_of(operator)

    def shown(path: str) -> str:
        return browser.get(path).content.decode().split('data-stats-url="/api/stats?site=')[1].split('"')[0]

    assert shown("/") == str(theirs.pk)
    assert shown(f"/?site={own.pk}") == str(own.pk)
    assert shown("/") == str(own.pk)
    assert shown("/wall") == str(theirs.pk)
    limit(operator, theirs)
    assert shown("/") == str(theirs.pk)


def test_a_choice_of_sites_is_offered_where_there_is_one(operator, own, theirs):
    browser = browser_of(operator)
    assert 'href="/?site=' not in browser.get("/cameras").content.decode()
    limit(operator, own, theirs)
    html = browser.get("/cameras").content.decode()
    assert f'href="/?site={own.pk}"' in html
    assert f'href="/?site={theirs.pk}"' in html


def test_the_frame_of_a_cameras_page_has_the_time_of_its_site(theirs, hidden):
    services.update_site(site_id=theirs.pk, timezone="Europe/Berlin")
    far = services.create_site(name="Far", timezone="Asia/Tokyo")
    camera = services.create_camera(name="Far gate", url=URL, site=far)
    browser = browser_of(person(OPERATOR))
    assert 'data-zone="Asia/Tokyo"' in browser.get(f"/cameras/{camera.pk}").content.decode()
    assert 'data-zone="Europe/Berlin"' in browser.get("/cameras").content.decode()


@pytest.mark.parametrize("role, is_there", [(VIEWER, False), (OPERATOR, True)])
def test_settings_are_in_the_navigation_of_those_who_may_see_them(theirs, role, is_there):
    html = browser_of(person(role)).get("/").content.decode()
    assert ('href="/settings"' in html) is is_there
    assert ('data-go="s"' in html) is is_there


# Streams --------------------------------------------------------------------


async def end_of(response) -> bytes:
    return b"".join([chunk async for chunk in response])


@pytest.fixture
def stream(monkeypatch, gate):
    """`await stream(client_or_headers, change)`: what a stream sent until it ended after `change`."""
    monkeypatch.setattr(stream_views, "RECHECK_SECS", 0.1)
    write_status(redis_client(), gate.pk, CameraStatus("live", updated_at=time.time()))

    async def streamed(client: AsyncClient, change, headers: dict | None = None) -> bytes:
        response = await client.get(f"/stream/clean/{gate.pk}", headers=headers)
        assert response.status_code == 200
        ended = asyncio.Event()

        async def camera() -> None:
            while not ended.is_set():
                await async_client().publish(picture_channel(gate.pk, "clean"), pack(b"\xff\xd8picture\xff\xd9", 3.0))
                await asyncio.sleep(0.02)

        pictures = asyncio.create_task(camera())
        reading = asyncio.create_task(end_of(response))
        await asyncio.sleep(0.5)
        assert not reading.done()  # it goes on while nothing changes
        await sync_to_async(change)()
        try:
            async with asyncio.timeout(10):
                return await reading
        finally:
            ended.set()
            await pictures
            assert picture_hub().subscriptions == 0

    return streamed


CHANGES = {
    "the right to see the site": lambda user, camera: limit(user),
    "the role": lambda user, camera: user.groups.clear(),
    "the account": lambda user, camera: User.objects.filter(pk=user.pk).update(is_active=False),
    "the password": lambda user, camera: (user.set_password("another-long-one-2"), user.save()),
    "the camera": lambda user, camera: services.delete_camera(camera_id=camera.pk),
    "its switch": lambda user, camera: services.set_enabled(camera_ids=[camera.pk], enabled=False),
}


@pytest.mark.django_db(databases=["default", "redis"], transaction=True)
@pytest.mark.parametrize("what", CHANGES)
async def test_a_stream_ends_with_a_grey_picture_when_it_goes(stream, operator, gate, what):
    client = AsyncClient()
    await client.aforce_login(operator)
    sent = await stream(client, lambda: CHANGES[what](operator, gate))
    assert sent.endswith(b"--picture--\r\n")
    assert len(sent.rsplit(b"\r\n\r\n", 1)[1]) > 1000  # the grey one, not the last of the camera


@pytest.mark.django_db(databases=["default", "redis"], transaction=True)
async def test_a_stream_ends_when_its_reader_logs_out(stream, operator):
    client = AsyncClient()
    await client.aforce_login(operator)
    assert (await stream(client, lambda: client.session.delete())).endswith(b"--picture--\r\n")


@pytest.mark.django_db(databases=["default", "redis"], transaction=True)
async def test_a_stream_ends_when_its_token_is_revoked(stream, operator):
    token = await sync_to_async(api_token)(operator)
    sent = await stream(AsyncClient(), ApiToken.objects.all().delete, {"Authorization": f"Token {token}"})
    assert sent.endswith(b"--picture--\r\n")


@pytest.mark.django_db(databases=["default", "redis"], transaction=True)
async def test_cameras_of_other_sites_send_no_pictures(operator, hidden):
    client = AsyncClient()
    await client.aforce_login(operator)
    for path in (f"/stream/clean/{hidden.pk}", f"/stream/annotated/{hidden.pk}", f"/stream/still/{hidden.pk}.jpg"):
        assert (await client.get(path)).status_code == 404
