import pytest

from cameras import services
from cameras.forms import CameraForm, SiteForm
from cameras.models import Camera, CaptureDefaults
from cameras.selectors import default_site

pytestmark = pytest.mark.django_db(databases=["default", "redis"])

URL = "rtsp://admin:s3cret-pass@10.0.0.5/stream"


def make(**values) -> Camera:
    return services.create_camera(**{"name": "Gate", "url": URL, "line": [0, 0.5, 1, 0.5], **values})


def sent(form: CameraForm, **changes) -> CameraForm:
    """The form as a browser sends it back, with `changes`."""
    data = {}
    for name, field in form.fields.items():
        value = form.get_initial_for_field(field, name)
        if value not in (None, False):
            data[name] = value
    data |= changes
    return CameraForm({name: value for name, value in data.items() if value is not None}, instance=form.instance)


def test_a_new_form_counts_in_and_out_at_the_default_site():
    form = CameraForm()
    assert form.initial["tasks"] == ["in_count", "out_count"]
    assert form.initial["site"] == default_site().pk


def test_a_form_shows_no_password():
    assert "s3cret" not in CameraForm(instance=make()).as_p()


def test_a_form_sent_back_unchanged_writes_nothing():
    camera = make()
    form = sent(CameraForm(instance=camera))
    assert form.is_valid(), form.errors
    assert form.changes == {}
    assert form.write().url == URL
    assert Camera.objects.get().updated_at == camera.updated_at


def test_a_form_left_open_overwrites_nothing_that_changed_meanwhile():
    form = CameraForm(instance=make())
    services.update_camera(camera_id=form.instance.pk, enabled=False, line=[0, 0.2, 1, 0.2])
    form = sent(form, name="Door")
    assert form.is_valid(), form.errors
    saved = form.write()
    assert (saved.name, saved.enabled, saved.line) == ("Door", False, [[0, 0.2], [1, 0.2]])


def test_the_masked_address_keeps_the_password_and_another_host_asks_for_it():
    camera = make()
    form = sent(CameraForm(instance=camera), url=camera.masked_url.replace("/stream", "/sub"))
    assert form.is_valid(), form.errors
    assert form.write().url == URL.replace("/stream", "/sub")
    form = sent(CameraForm(instance=Camera.objects.get()), url=camera.masked_url.replace("10.0.0.5", "evil.example"))
    assert not form.is_valid()
    assert "again" in form.errors["url"][0]
    assert "s3cret" not in form.as_p()


def test_a_line_drawn_in_the_browser_is_saved_and_a_wrong_one_explained():
    camera = make()
    form = sent(CameraForm(instance=camera), line="[[0.1,0.4],[0.9,0.4]]")
    assert form.is_valid(), form.errors
    assert form.write().line_version == 2
    form = sent(CameraForm(instance=camera), line="[[0.1,0.4],[1.9,0.4]]")
    assert "outside the picture" in form.errors["line"][0]
    form = sent(CameraForm(instance=Camera.objects.get()), line="")
    assert form.is_valid(), form.errors
    assert form.write().line is None


def test_a_name_in_use_is_explained_once():
    make()
    form = sent(CameraForm(instance=make(name="Door")), name="Gate")
    assert form.errors == {"name": ["There is already a camera called “Gate”. Choose another name."]}


def test_tasks_come_from_checkboxes():
    form = sent(CameraForm(instance=make()), tasks=["in_count", "helmet"])
    assert form.is_valid(), form.errors
    assert form.write().tasks == ["in_count", "helmet"]
    assert not sent(CameraForm(instance=Camera.objects.get()), tasks=["fly"]).is_valid()


def test_a_warning_level_above_the_limit_is_explained():
    form = SiteForm({"name": "Hall", "timezone": "UTC", "max_capacity": "10", "warn_threshold": "20"})
    assert form.errors == {"warn_threshold": ["Use 10 or less."]}
    form = SiteForm({"name": "Hall", "timezone": "Nowhere", "max_capacity": "", "warn_threshold": "0"})
    assert list(form.errors) == ["timezone"]
    form = SiteForm({"name": "Hall", "timezone": "Asia/Tokyo", "max_capacity": "", "warn_threshold": "0"})
    assert form.is_valid(), form.errors
    assert form.write().warn_threshold is None


def profile_choices(camera: Camera | None = None) -> list[tuple[str, str]]:
    return [(value, str(label)) for value, label in CameraForm(instance=camera).fields["profile"].widget.choices]


def set_profiles(*names: str) -> None:
    defaults = CaptureDefaults.load()
    defaults.pipeline_profiles = {name: {"transport": "udp"} for name in names}
    defaults.save()


def test_a_profile_is_chosen_from_those_there_are():
    set_profiles("yard", "gate")
    assert profile_choices() == [("", "None"), ("gate", "gate"), ("yard", "yard")]
    form = sent(CameraForm(instance=make()), profile="yard")
    assert form.is_valid(), form.errors
    assert form.write().profile == "yard"


def test_a_profile_called_default_is_the_choice_of_those_that_choose_none():
    set_profiles("default", "gate")
    assert profile_choices() == [("", "default (as usual)"), ("gate", "gate")]


def test_a_profile_that_is_gone_is_shown_and_stays_until_another_is_chosen():
    set_profiles("gate")
    camera = make(profile="gate")
    set_profiles("yard")
    assert profile_choices(camera)[-1] == ("gate", "gate (does not exist any more)")
    form = sent(CameraForm(instance=camera), name="Door")
    assert form.is_valid(), form.errors
    assert form.write().profile == "gate"
    form = sent(CameraForm(instance=camera), profile="")
    assert form.is_valid(), form.errors
    assert form.write().profile == ""


def test_a_profile_that_is_on_no_list_is_refused_with_the_reason():
    set_profiles("yard")
    form = sent(CameraForm(instance=make()), profile="gate")
    assert not form.is_valid()
    assert "no capture profile “gate”" in form.errors["profile"][0]
