"""What a backup holds, and what a restore refuses. In this process, against the run's Redis and data folder."""

import errno
import gzip
import io
import json
import re
import tarfile
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from cameras.services import create_camera
from crowdsite.errors import CrowdsiteError
from crowdsite.store.connection import client
from crowdsite.store.migrations import apply_migrations
from operations import backup, backup_archive, backup_restore
from operations.backup import make_backup, prune, verify
from operations.backup_archive import MANIFEST, REDIS_MEMBER
from operations.backup_commands import decode, encode
from operations.backup_keys import KeyRules
from operations.backup_restore import restore_backup

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "redis"])
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _plain_sql(monkeypatch):
    """The test database lives in memory: its part is a real SQLite file here, and the exchange leaves it alone."""
    import contextlib
    import sqlite3

    def copy(into: Path) -> None:
        with contextlib.closing(sqlite3.connect(into)) as database:
            database.execute("CREATE TABLE t (n)")
            database.commit()

    @contextlib.contextmanager
    def in_place(_copy: Path):
        yield

    monkeypatch.setattr(backup, "copy_sql", copy)
    monkeypatch.setattr(backup_restore, "put_in_place", in_place)
    monkeypatch.setattr(backup_restore, "users_exist", lambda: False)


@pytest.fixture
def made(tmp_path) -> Path:
    """A backup of one camera, some counts and things of the moment."""
    apply_migrations()
    create_camera(name="Gate", url="rtsp://u:p@10.0.0.9/s", line=[[0.1, 0.5], [0.9, 0.5]])
    redis = client()
    redis.set("person_tracker:cam:1:in", 7)
    redis.set("cameras:deleted:9", "{}", ex=1000)
    redis.zadd("person_logs", {f"member {n}\r\n\0": n + 0.123456789 for n in range(2500)})
    redis.xadd("stats_stream", {"event": "x"}, id="5-1")
    redis.rpush("face:id_map", *range(3))
    redis.set("tracking:lease:1", "somebody", px=60_000)
    redis.lpush("gpu", "task")
    redis.sadd("_kombu.binding.celery", "x")
    redis.hset("cameras:status:1", "state", "live")
    return make_backup(tmp_path / "made.tar", in_place=True).path


def everything() -> dict[bytes, object]:
    redis = client()
    read = {
        b"string": redis.get, b"hash": redis.hgetall, b"set": redis.smembers, b"stream": redis.xrange,
        b"zset": lambda key: redis.zrange(key, 0, -1, withscores=True), b"list": lambda key: redis.lrange(key, 0, -1),
    }  # fmt: skip
    return {key: read[redis.type(key)](key) for key in redis.scan_iter()}


def refusal(path: Path, **how) -> str:
    before = everything()
    with pytest.raises(CrowdsiteError) as caught:
        restore_backup(path, force=True, replace=True, **how)
    assert everything() == before, "a refused restore changes nothing"
    return caught.value.message


def rewritten(path: Path, change=None, *, manifest=None, extra=()) -> Path:
    """The archive with contents changed by `change(name, content)`, its manifest by `manifest(dict)`."""
    target = path.with_name("changed.tar")
    with tarfile.open(path) as old, tarfile.open(target, "w") as new:
        for info in old:
            content = old.extractfile(info).read()
            if info.name == MANIFEST and manifest:
                told = json.loads(content)
                content = json.dumps(manifest(told) or told).encode()
            elif change:
                content = change(info.name, content)
            info.size = len(content)
            new.addfile(info, io.BytesIO(content))
        for info, content in extra:
            info.size = len(content)
            new.addfile(info, io.BytesIO(content))
    return target


def with_commands(path: Path, *commands: tuple[bytes, ...]) -> Path:
    """A backup whose Redis part is these commands, with right lengths and checksums."""
    import hashlib

    plain = b"".join(encode(command) for command in commands)
    packed = gzip.compress(plain)

    def manifest(told):
        for part in told["parts"]:
            if part["name"] == REDIS_MEMBER:
                part |= {"bytes": len(packed), "plain_bytes": len(plain), "sha256": hashlib.sha256(packed).hexdigest()}
        told["redis"]["keys"] = len({command[1] for command in commands})

    return rewritten(path, lambda name, content: packed if name == REDIS_MEMBER else content, manifest=manifest)


@pytest.mark.parametrize("in_place", [True, False], ids=["one call", "replica"])
def test_a_restored_instance_holds_the_same_and_nothing_of_the_moment(made, tmp_path, in_place):
    before = everything()
    file = make_backup(tmp_path / "again.tar", in_place=in_place).path
    client().flushall()
    client().set("person_tracker:cam:5:in", 3)
    done = restore_backup(file, replace=True, force=True)
    after = everything()
    moment = {b"tracking:lease:1", b"gpu", b"_kombu.binding.celery", b"cameras:status:1"}
    assert moment <= before.keys()
    assert after.keys() <= before.keys()
    assert {key: after[key] for key in before.keys() - moment} == {key: before[key] for key in before.keys() - moment}
    assert 900 < client().ttl("cameras:deleted:9") <= 1000
    assert done.audit.clean


def test_a_file_only_its_owner_reads_and_nothing_beside_it(made):
    assert made.stat().st_mode & 0o777 == 0o600
    assert list(made.parent.iterdir()) == [made]
    assert verify(made).keys["entries and exits"] == 1


def test_the_command_says_how_many_entries_the_one_key_of_a_log_holds(made, tmp_path):
    said = io.StringIO()
    call_command("backup", str(tmp_path / "said.tar"), "--in-place", stdout=said)
    assert "  entries and exits: 1 key, 2,500 in it\n" in said.getvalue()
    assert "  latest events: 1 key, 1 in it\n" in said.getvalue()
    assert "keys, " not in said.getvalue()


def test_the_redis_part_is_plain_redis_protocol(made):
    with tarfile.open(made) as tar:
        text = gzip.decompress(tar.extractfile(REDIS_MEMBER).read())
    assert next(decode(io.BytesIO(text)))[0] in {b"SET", b"HSET", b"ZADD", b"SADD", b"RPUSH", b"XADD"}
    assert b"SET\r\n$23\r\nperson_tracker:cam:1:in\r\n$1\r\n7\r\n" in text


def test_private_keys_and_first_passwords_stay_behind(made, tmp_path):
    folder = settings.VAR_DIR / "licence"
    folder.mkdir(exist_ok=True)
    for name, text in {"signing.key": "PRIVATE", "ours.pub": "PUBLIC"}.items():
        (folder / name).write_text(text)
    (settings.VAR_DIR / "admin_password").write_text("PRIVATE")
    try:
        file = make_backup(tmp_path / "keys.tar", in_place=True).path
        with tarfile.open(file) as tar:
            assert "files/licence/ours.pub" in tar.getnames()
        assert b"PRIVATE" not in file.read_bytes()
        (folder / "ours.pub").unlink()
        restore_backup(file, replace=True, force=True)
        assert (folder / "ours.pub").read_text() == "PUBLIC"
        assert (folder / "ours.pub").stat().st_mode & 0o777 == 0o600
    finally:
        for name in ("licence/signing.key", "licence/ours.pub", "admin_password"):
            (settings.VAR_DIR / name).unlink(missing_ok=True)


def test_an_instance_that_is_not_empty_is_refused(made):
    with pytest.raises(CrowdsiteError, match="is not empty"):
        restore_backup(made, force=True)


def test_a_cut_off_file_is_refused_wherever_it_is_cut(made):
    whole = made.read_bytes()
    for length in (0, 100, 600, 2000, len(whole) // 2, len(whole) - 10_241):
        cut = made.with_name("cut.tar")
        cut.write_bytes(whole[:length])
        assert "not a backup" in refusal(cut) or "cut off" in refusal(cut) or "damaged" in refusal(cut)


def test_a_flipped_bit_is_refused(made):
    def flip(name, content):
        middle = len(content) // 2
        return (
            content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :] if name == REDIS_MEMBER else content
        )

    assert "another checksum" in refusal(rewritten(made, flip))


def test_other_files_are_no_backups(tmp_path):
    for name, content in {"text": b"hello", "zeros": bytes(20_480), "gzip": gzip.compress(b"x" * 99)}.items():
        path = tmp_path / name
        path.write_bytes(content)
        assert "not a backup of Crowdsite" in refusal(path)
    assert "no file" in refusal(tmp_path / "absent")
    assert "cannot be read" in refusal(tmp_path)


def test_backups_of_newer_versions_are_refused(made):
    assert "newer Crowdsite" in refusal(rewritten(made, manifest=lambda told: told | {"version": 2}))

    def knows_more(told):
        told["sql"]["migrations"].append("accounts.9999_from_the_future")

    assert "accounts.9999_from_the_future" in refusal(rewritten(made, manifest=knows_more))


@pytest.mark.parametrize(
    "name", ["../evil", "/etc/evil", "files/../../evil", "files/licence/../../evil", "files/admin_password"]
)
def test_no_part_leaves_its_place(made, name):
    content = b"evil"

    def manifest(told):
        told["parts"].append({"name": name, "bytes": 4, "plain_bytes": 4, "sha256": "0" * 64})

    said = refusal(rewritten(made, manifest=manifest, extra=[(tarfile.TarInfo(name), content)]))
    assert "must not hold" in said or "does not know" in said
    assert not (settings.VAR_DIR.parent / "evil").exists()


def test_links_and_unnamed_members_are_refused(made):
    link = tarfile.TarInfo("files/secret_key")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    assert "does not name" in refusal(rewritten(made, extra=[(link, b"")]))
    assert "does not name" in refusal(rewritten(made, extra=[(tarfile.TarInfo("more"), b"x")]))


def test_a_part_that_unpacks_to_more_than_declared_is_refused(made):
    packed = gzip.compress(bytes(50_000_000))
    import hashlib

    def manifest(told):
        for part in told["parts"]:
            if part["name"] == REDIS_MEMBER:
                part |= {"bytes": len(packed), "plain_bytes": 10, "sha256": hashlib.sha256(packed).hexdigest()}

    bomb = rewritten(made, lambda name, content: packed if name == REDIS_MEMBER else content, manifest=manifest)
    assert "damaged" in refusal(bomb)


def test_a_huge_manifest_is_not_read(made):
    assert "too large" in refusal(rewritten(made, manifest=lambda told: told | {"notes": ["x" * 2_000_000]}))


@pytest.mark.parametrize(
    "command",
    [
        (b"FLUSHALL", b"x", b"y"), (b"CONFIG", b"SET", b"dir"), (b"EVAL", b"return 1", b"0"), (b"SET", b"a", b"b", b"EX"),
        (b"HSET", b"a", b"b"), (b"LPUSH", b"gpu", b"x"), (b"RPUSH", b"celery", b"{}"), (b"SET", b"tracking:lease:1", b"x"),
    ],
)  # fmt: skip
def test_only_data_is_loaded(made, command):
    said = refusal(with_commands(made, command))
    assert "other than data" in said or "does not belong" in said


def test_a_missing_key_is_noticed(made):
    def manifest(told):
        told["redis"]["keys"] += 1

    assert "does not hold the keys" in refusal(rewritten(made, manifest=manifest))


def test_a_failure_while_exchanging_leaves_everything_as_it_was(made, monkeypatch):
    key = settings.VAR_DIR / "secret_key"
    key.write_text("old")

    def broken(*_):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(backup_restore, "_rename", broken)
    assert "Nothing was changed" in refusal(made)
    assert key.read_text() == "old"
    assert not list(settings.VAR_DIR.glob(".restore-*"))


def test_a_full_disk_leaves_no_file(made, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(backup, "write_archive", full)
    folder = tmp_path / "full"
    folder.mkdir()
    with pytest.raises(CrowdsiteError, match=r"The disk of .* is full"):
        make_backup(folder, in_place=True)
    assert list(folder.iterdir()) == []


def test_a_backup_that_cannot_be_read_back_is_not_kept(made, tmp_path, monkeypatch):
    monkeypatch.setattr(
        backup_archive.Archive, "check_hashes", lambda _self: (_ for _ in ()).throw(backup_archive.BadBackup("No."))
    )
    with pytest.raises(CrowdsiteError):
        make_backup(tmp_path / "bad.tar", in_place=True)
    assert not (tmp_path / "bad.tar").exists()


def test_an_existing_file_is_not_overwritten(made):
    content = made.read_bytes()
    with pytest.raises(CrowdsiteError, match="exists already"):
        make_backup(made, in_place=True)
    assert made.read_bytes() == content


def test_a_folder_that_is_missing_is_made_for_its_owner_alone(made, tmp_path):
    folder = tmp_path / "backups" / "crowdsite"
    path = make_backup(folder, in_place=True).path
    assert path.parent == folder
    assert path.name.startswith("crowdsite-backup-")
    assert folder.stat().st_mode & 0o777 == 0o700


def test_only_the_newest_backups_of_its_own_naming_stay(tmp_path):
    names = [f"crowdsite-backup-2026010{n}-030000.tar" for n in range(1, 6)]
    for name in [*names, "crowdsite-backup-by-hand.tar", "other.tar"]:
        (tmp_path / name).touch()
    assert [path.name for path in prune(tmp_path, 2)] == names[:3]
    assert {path.name for path in tmp_path.iterdir()} == {*names[3:], "crowdsite-backup-by-hand.tar", "other.tar"}


def test_the_command_asks_before_it_deletes(made, monkeypatch):
    monkeypatch.setattr("builtins.input", lambda _prompt: "yes")
    before = everything()
    with pytest.raises(CommandError, match="Nothing was changed"):
        call_command("restore", str(made), "--replace")
    assert everything() == before


def test_every_key_of_the_documented_table_has_a_rule():
    """A new family of keys must be declared in operations/backup_keys.py: kept, or why not."""
    rules = KeyRules()
    table = (ROOT / "docs" / "architecture.md").read_text().split("## Redis")[1]
    undeclared = []
    for line in table.splitlines():
        if not line.startswith("| `") or "{db_table}" in line or "pub/sub" in line:
            continue
        first, *others = re.findall(r"`([^`]+)`", line.split("|")[1])
        examples = [first, *(other for other in others if not other.startswith(":") and ":" in other)]
        for example in examples:
            key = re.sub(r"\{[^}]*\}", "1", example)
            if rules.family(key) is None:
                undeclared.append(example)
    assert undeclared == []


def test_an_undeclared_key_is_kept_and_named(made, tmp_path):
    client().set("brandnew:thing:1", "x")
    manifest = make_backup(tmp_path / "new.tar", in_place=True).manifest
    assert manifest.keys["unknown: brandnew:thing"] == 1
