"""This process's log, written where a test can read it."""

import json
import logging
import sys
import warnings
from pathlib import Path

import pytest
from django.conf import settings

from crowdsite import masking
from crowdsite.logging import configure_logging


class Log:
    """What was written since `clear`: `text` on standard error, `lines` in app.log."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]):
        self.folder = folder
        self._capsys = capsys
        self._said = ""
        self._begin = 0

    @property
    def text(self) -> str:
        self._said += self._capsys.readouterr().err
        return self._said

    @property
    def file(self) -> str:
        path = self.folder / "app.log"
        return path.read_text()[self._begin :] if path.exists() else ""

    @property
    def lines(self) -> list[dict]:
        return [json.loads(line) for line in self.file.splitlines()]

    def clear(self) -> None:
        self._begin += len(self.file)
        self._capsys.readouterr()
        self._said = ""


@pytest.fixture
def log(tmp_path, capsys):
    known = dict(masking._known)
    hooks = sys.excepthook, sys.unraisablehook
    log = Log(tmp_path, capsys)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        configure_logging({"level": "DEBUG", "dir": tmp_path, "rotation": "500 MB"})
        log.clear()
        yield log
    logging.captureWarnings(False)
    configure_logging(settings.LOGGING)
    sys.excepthook, sys.unraisablehook = hooks
    masking.forget_all()
    masking._known.update(known)
