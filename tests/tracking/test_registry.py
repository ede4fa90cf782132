"""Finding, fetching and falling back: a machine without a model still counts, and says why it counts roughly."""

import hashlib
import http.server
import threading
from dataclasses import replace

import pytest

from crowdsite.errors import NotAvailable
from tracking import registry
from tracking.engines import devices
from tracking.registry import PUBLISHED, PublishedModel, fetch_model, find_model, installed_model, resolve_engine

WEIGHTS = b"weights" * 50_000


@pytest.fixture
def published(monkeypatch):
    """A local server that publishes `yolov8n.pt`; yields what it serves, to be changed by the test."""
    served = {"body": WEIGHTS, "status": 200, "asked": 0}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            served["asked"] += 1
            self.send_response(served["status"])
            self.send_header("Content-Length", str(len(WEIGHTS)))
            self.end_headers()
            self.wfile.write(served["body"])

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setattr(PublishedModel, "url", f"http://127.0.0.1:{server.server_port}/yolov8n.pt")
    sha256 = hashlib.sha256(WEIGHTS).hexdigest()
    known = replace(PUBLISHED["yolov8n"], sha256=sha256, size_bytes=len(WEIGHTS))
    monkeypatch.setitem(PUBLISHED, "yolov8n", known)
    yield served
    server.shutdown()
    server.server_close()


@pytest.fixture
def no_network(monkeypatch):
    monkeypatch.setattr(PublishedModel, "url", "http://127.0.0.1:9/yolov8n.pt")


class TestFind:
    def test_the_first_folder_that_has_it_wins(self, tmp_path):
        first, second = tmp_path / "first", tmp_path / "second"
        for folder in (first, second):
            folder.mkdir()
            (folder / "own.onnx").touch()
        assert find_model("own", [first, second]) == first / "own.onnx"
        (first / "own.onnx").unlink()
        assert find_model("own.onnx", [first, second]) == second / "own.onnx"

    def test_the_format_the_machine_runs_best_wins(self, tmp_path, monkeypatch):
        for suffix in (".pt", ".onnx", ".engine"):
            (tmp_path / f"own{suffix}").touch()
        monkeypatch.setattr(registry, "has_cuda", lambda: False)
        assert find_model("own", [tmp_path]).name == "own.onnx"
        monkeypatch.setattr(registry, "has_cuda", lambda: True)
        assert find_model("own", [tmp_path]).name == "own.engine"

    def test_a_name_with_dots_is_still_a_name(self, tmp_path):
        (tmp_path / "gate.v2.onnx").touch()
        assert find_model("gate.v2", [tmp_path]) == tmp_path / "gate.v2.onnx"

    def test_an_absolute_path_needs_no_folder(self, tmp_path):
        (tmp_path / "own.onnx").touch()
        assert find_model(str(tmp_path / "own.onnx"), []) == tmp_path / "own.onnx"
        assert find_model(tmp_path / "other.onnx", [tmp_path]) is None

    def test_what_is_not_there_is_none(self, tmp_path):
        assert find_model("own", [tmp_path, tmp_path / "absent"]) is None

    def test_a_name_typed_into_a_page_reaches_the_model_folders_only(self, tmp_path, monkeypatch):
        folder, elsewhere = tmp_path / "models", tmp_path / "elsewhere"
        for each in (folder, folder / "sites", elsewhere):
            each.mkdir()
            (each / "own.onnx").touch()
        (folder / "linked.onnx").symlink_to(elsewhere / "own.onnx")
        monkeypatch.chdir(elsewhere)
        inside = folder / "own.onnx"
        assert installed_model("own", [folder]) == installed_model(str(inside), [folder]) == inside
        assert installed_model("sites/own.onnx", [folder]) == folder / "sites" / "own.onnx"
        assert installed_model("linked.onnx", [folder]) == elsewhere / "own.onnx"
        for name in (str(elsewhere / "own.onnx"), "../elsewhere/own.onnx", f"{folder}/../elsewhere/own.onnx", "other"):
            assert installed_model(name, [folder]) is None
        assert installed_model("own.onnx", [tmp_path / "absent"]) is None

    def test_weights_outside_the_model_folders_are_refused_with_a_sentence(self, tmp_path):
        (tmp_path / "own.pt").touch()
        choice = resolve_engine(str(tmp_path / "own.pt"), search=[tmp_path / "models"], device="cpu")
        assert choice.path is None
        assert "read from nowhere else" in choice.reason


class TestFetch:
    def test_the_file_comes_once_with_progress(self, published, tmp_path):
        seen = []
        path = fetch_model("yolov8n", tmp_path / "new", lambda *step: seen.append(step))
        assert path.read_bytes() == WEIGHTS
        assert seen[-1] == ("yolov8n.pt", len(WEIGHTS), len(WEIGHTS))
        assert fetch_model("yolov8n.pt", tmp_path / "new") == path
        assert published["asked"] == 1

    def test_a_wrong_checksum_is_refused_and_nothing_stays(self, published, tmp_path):
        published["body"] = WEIGHTS[:-1] + b"!"
        with pytest.raises(NotAvailable, match="not the file its maker published"):
            fetch_model("yolov8n", tmp_path)
        assert list(tmp_path.iterdir()) == []

    def test_a_transfer_that_breaks_off_is_refused_and_nothing_stays(self, published, tmp_path):
        published["body"] = WEIGHTS[:1000]
        with pytest.raises(NotAvailable, match="broke off"):
            fetch_model("yolov8n", tmp_path)
        assert list(tmp_path.iterdir()) == []

    def test_a_refusal_of_the_server_is_a_sentence(self, published, tmp_path):
        published["status"] = 404
        with pytest.raises(NotAvailable, match="answered 404"):
            fetch_model("yolov8n", tmp_path)

    def test_no_network_is_a_sentence(self, no_network, tmp_path):
        with pytest.raises(NotAvailable, match="no connection"):
            fetch_model("yolov8n", tmp_path)
        assert list(tmp_path.iterdir()) == []

    def test_a_name_server_that_never_answers_does_not_hold_up_the_start(self, monkeypatch, tmp_path):
        released = threading.Event()
        monkeypatch.setattr(registry, "_CONNECT_SECS", 0.05)
        monkeypatch.setattr("urllib.request.urlopen", lambda *args, **kwargs: released.wait(10))
        with pytest.raises(NotAvailable, match="no connection"):
            fetch_model("yolov8n", tmp_path)
        released.set()

    def test_an_unknown_name_asks_nobody(self, published, tmp_path):
        with pytest.raises(NotAvailable, match="no published weights called mine"):
            fetch_model("mine", tmp_path)
        assert published["asked"] == 0

    def test_published_weights_are_pinned(self):
        for name, model in PUBLISHED.items():
            assert model.file == f"{name}.pt"
            assert len(bytes.fromhex(model.sha256)) == 32
            assert model.url.startswith("https://github.com/ultralytics/assets/releases/download/")


class TestResolve:
    def test_a_model_on_disk_is_used_without_a_word(self, assets, published):
        choice = resolve_engine("yolov8n.onnx", search=[assets / "weights"], track_objects=["people", "vehicle"])
        assert (choice.engine.name, choice.engine.model) == ("openvino", "yolov8n.onnx")
        assert (choice.reason, choice.notice) == ("", "")
        assert published["asked"] == 0

    def test_without_model_and_network_the_built_in_detector_counts_and_says_where_weights_go(
        self, no_network, tmp_path, monkeypatch
    ):
        monkeypatch.setattr(registry, "has_torch", lambda: True)
        choice = resolve_engine("yolov8n", search=[tmp_path / "extra", tmp_path / "models"])
        assert (choice.engine.name, choice.path) == ("hog", None)
        assert f"yolov8n.onnx or yolov8n.pt into {tmp_path / 'models'}" in choice.reason
        assert "no connection" in choice.reason

    def test_without_torch_nothing_is_fetched(self, published, tmp_path, monkeypatch):
        monkeypatch.setattr(registry, "has_torch", lambda: False)
        choice = resolve_engine("yolov8n", search=[tmp_path])
        assert choice.engine.name == "hog"
        assert "PyTorch" in choice.reason
        assert published["asked"] == 0

    def test_a_damaged_model_is_a_reason_not_a_crash(self, tmp_path):
        (tmp_path / "own.onnx").write_bytes(b"broken")
        choice = resolve_engine("own", search=[tmp_path])
        assert choice.engine.name == "hog"
        assert "damaged" in choice.reason

    @pytest.mark.parametrize("device", ["auto", "cpu"])
    def test_weights_for_the_processor_run_there_without_a_word_where_no_card_is_asked_for(self, assets, device):
        assert resolve_engine("yolov8n.onnx", search=[assets / "weights"], device=device).notice == ""

    def test_weights_for_the_processor_say_so_where_a_card_is_asked_for(self, assets, monkeypatch):
        monkeypatch.setattr(devices, "has_cuda", lambda: True)
        monkeypatch.setattr(devices, "card_count", lambda: 1)
        choice = resolve_engine("yolov8n.onnx", search=[assets / "weights"], device="cuda:0")
        assert (choice.engine.name, choice.reason) == ("openvino", "")
        assert choice.notice.startswith("yolov8n.onnx runs on the processor, not on cuda:0 as the settings ask")
        assert "yolov8n.pt or yolov8n.engine" in choice.notice

    def test_weights_for_the_processor_go_on_and_say_so_where_the_card_is_not_there(self, assets, monkeypatch):
        monkeypatch.setattr(devices, "has_cuda", lambda: False)
        choice = resolve_engine("yolov8n.onnx", search=[assets / "weights"], device="cuda:0", track_objects=["fish"])
        assert (choice.engine.name, choice.reason) == ("openvino", "")
        assert choice.notice.startswith("yolov8n.onnx runs on the processor. The device cuda:0 was asked for, but no")
        assert "“fish”" in choice.notice

    def test_what_the_model_cannot_see_is_said(self, no_network, tmp_path):
        choice = resolve_engine("yolov8n", search=[tmp_path], track_objects=["person", "vehicle"])
        assert "cannot see “vehicle”" in choice.notice
