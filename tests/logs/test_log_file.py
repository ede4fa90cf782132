"""app.log under many writers, a full disk and odd settings."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from crowdsite.log_file import LogFile, kept_files, size_bytes

LINES = 3000
WRITER = """
import json, os, sys
from crowdsite.log_file import LogFile
from pathlib import Path
file = LogFile(Path(sys.argv[1]) / "app.log", rotation_bytes=100_000, files=90)
fork = sys.argv[2] == "forking" and os.fork()
name = f"{sys.argv[2]}-{'child' if fork == 0 and sys.argv[2] == 'forking' else 'main'}"
for number in range(int(sys.argv[3])):
    file.write(json.dumps({"writer": name, "number": number, "filling": "x" * (number % 300)}))
if fork:
    os.waitpid(fork, 0)
"""


def all_lines(folder: Path) -> list[str]:
    text = "".join(path.read_text() for path in folder.glob("app.log*"))
    assert text.endswith("\n")
    return text.splitlines()


def test_many_processes_and_a_forked_one_write_whole_lines_over_rotations(tmp_path):
    names = ["a", "b", "c", "forking"]
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), name, str(LINES)]) for name in names]
    assert [writer.wait(120) for writer in writers] == [0, 0, 0, 0]
    assert len(list(tmp_path.glob("app.log*"))) > 10
    found = Counter((line["writer"], line["number"]) for line in map(json.loads, all_lines(tmp_path)))
    writers_seen = ["a-main", "b-main", "c-main", "forking-main", "forking-child"]
    assert found == Counter((name, number) for name in writers_seen for number in range(LINES))


def test_old_files_go(tmp_path):
    file = LogFile(tmp_path / "app.log", rotation_bytes=1000, files=3)
    for number in range(500):
        file.write(f"line {number:05}")
    names = sorted(path.name for path in tmp_path.glob("app.log*"))
    assert names == ["app.log", "app.log.1", "app.log.2", "app.log.3"]
    assert (tmp_path / "app.log").read_text().endswith("line 00499\n")
    assert sum(path.stat().st_size for path in tmp_path.glob("app.log*")) < 4 * 1100


def test_nobody_else_reads_the_file(tmp_path):
    LogFile(tmp_path / "deep" / "app.log", rotation_bytes=1000, files=3).write("x")
    assert (tmp_path / "deep" / "app.log").stat().st_mode & 0o077 == 0


def test_a_folder_that_cannot_be_made_is_one_sentence_and_lines_come_again_when_it_can(tmp_path, capsys):
    (tmp_path / "log").write_text("a file where the folder should be")
    file = LogFile(tmp_path / "log" / "app.log", rotation_bytes=1000, files=3)
    for _ in range(5):
        file.write("lost")
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "cannot be written" in said and "goes on" in said
    (tmp_path / "log").unlink()
    file.write("kept")
    assert (tmp_path / "log" / "app.log").read_text() == "kept\n"
    assert "again" in capsys.readouterr().err


def test_a_full_disk_costs_whole_lines_and_leaves_no_half_ones(tmp_path, capsys, monkeypatch):
    file = LogFile(tmp_path / "app.log", rotation_bytes=10**6, files=3)
    file.write("first")
    real, room = os.write, 4

    def write_little(descriptor, data):
        if room == 0:
            raise OSError(28, "No space left on device")
        return take(real(descriptor, bytes(data)[:room]))

    def take(done):
        nonlocal room
        room -= done
        return done

    monkeypatch.setattr("crowdsite.log_file.os.write", write_little)
    file.write("second, which does not fit")
    file.write("third, neither")
    monkeypatch.undo()
    file.write("fourth")
    assert (tmp_path / "app.log").read_text() == "first\nfourth\n"
    assert capsys.readouterr().err.count("No space left on device") == 1


@pytest.mark.parametrize(
    ("text", "size"), [("20 MB", 20 << 20), ("500k", 500 << 10), ("1048576", 1 << 20), ("1.5g", 3 << 29)]
)
def test_sizes_are_read(text, size):
    assert size_bytes(text) == size


@pytest.mark.parametrize("text", ["", "much", "-5 MB", "0", "20 MB/day"])
def test_what_is_no_size_is_said(text):
    with pytest.raises(ValueError, match="is no size"):
        size_bytes(text)


@pytest.mark.parametrize(("text", "files"), [("10", 10), ("200 MB", 10), ("1 MB", 1), ("0", 1), ("5000", 100)])
def test_retention_is_a_number_of_files_or_a_size(text, files):
    assert kept_files(text, 20 << 20) == files
