"""Redis at one instant.

Best way: a private server becomes a replica of the one in use, is cut off once it has everything, and is read at
leisure. The server in use forks and goes on: 11 ms of pause measured at 360 MB. Where that cannot be (a managed server
refuses replicas, no redis-server of its version is here), one script reads all keys in one call, during which
the server answers nobody else; what cameras count meanwhile waits on their nodes.
"""

import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

import redis
from django.core.management.base import CommandError

from crowdsite.errors import CrowdsiteError
from crowdsite.management.commands.redis_server import server_binary
from operations.backup_commands import Command, read_keys, to_commands

Progress = Callable[[str, int, int], None]
Wanted = Callable[[bytes], bool]

CALL_TIMEOUT_SECS = 600.0
SILENCE_SECS = 60.0
_PLAIN = re.compile(r"[!-~]*")


class NoReplica(Exception):
    """Why no private replica can be had, as the end of a sentence."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """commands: of all wanted keys, to be read once. method: `replica` or `one call`. note: a sentence, or empty."""

    commands: Iterator[Command]
    method: str
    note: str
    paused_ms: float


@contextmanager
def frozen(address: str, wanted: Wanted, progress: Progress, *, in_place: bool = False) -> Iterator[Snapshot]:
    """The wanted keys at one instant. in_place: do not try a replica. Raises redis.RedisError, CrowdsiteError."""
    live = patient_client(address)
    reason = "it was asked for (--in-place)"
    if not in_place:
        try:
            with _replica(address, live, progress) as (copy, paused_ms):
                total = int(copy.dbsize())
                read = read_keys(copy, wanted, lambda done: progress("Reading keys", done, total))
                yield Snapshot(read, "replica", "", paused_ms)
                return
        except NoReplica as error:
            reason = str(error)
    progress("Reading all keys in one call", 0, 0)
    started = time.monotonic()
    commands = _one_call(live, wanted)
    paused_ms = (time.monotonic() - started) * 1000
    yield Snapshot(
        commands,
        "one call",
        f"Redis was read in one call and paused for at most {paused_ms:.0f} ms: {reason}.",
        paused_ms,
    )


def patient_client(address: str) -> redis.Redis:
    """A client for work that may take minutes. Replies are bytes."""
    # Replies as the server sends them: redis-py would turn pairs into dictionaries and scores into floats.
    client = redis.Redis.from_url(address, protocol=2, socket_connect_timeout=5, socket_timeout=CALL_TIMEOUT_SECS)
    for name in ("TYPE", "TIME", "HGETALL", "SMEMBERS", "ZRANGE", "XRANGE", "HSCAN", "SSCAN", "EVAL"):
        client.response_callbacks.pop(name, None)
    return client


# --- a private replica


@contextmanager
def _replica(address: str, live: redis.Redis, progress: Progress) -> Iterator[tuple[redis.Redis, float]]:
    """A server of our own that holds what `live` held at one instant, and the milliseconds its fork took."""
    target = urlsplit(address)
    if target.scheme != "redis":
        raise NoReplica("a replica needs a plain TCP connection (redis://)")
    binary = _usable_binary(live)
    folder = Path(tempfile.mkdtemp(prefix="crowdsite-backup-"))
    process = None
    try:
        config = folder / "redis.conf"
        config.touch(mode=0o600)
        config.write_text(_config(folder, target.hostname or "127.0.0.1", target.port or 6379, target))
        process = subprocess.Popen(
            [*dies_with_us(), binary, str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        database = int(target.path.lstrip("/") or 0)
        copy = patient_client(f"unix://{folder / 'socket'}?db={database}")
        _await_sync(copy, process, folder / "log", progress)
        copy.execute_command("REPLICAOF", "NO", "ONE")
        yield copy, int(live.info("stats").get("latest_fork_usec", 0)) / 1000
    finally:
        if process is not None:
            process.kill()
            process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _usable_binary(live: redis.Redis) -> str:
    try:
        binary = server_binary()
    except CommandError as error:
        raise NoReplica("no redis-server is installed on this machine") from error
    said = subprocess.run([binary, "--version"], capture_output=True, text=True, check=False).stdout
    ours = _version(re.search(r"v=([\d.]+)", said))
    info = live.info("server")
    theirs = _version(re.match(r"([\d.]+)", str(info.get("valkey_version") or info["redis_version"])))
    if ours < theirs:
        raise NoReplica(
            f"the redis-server of this machine ({'.'.join(map(str, ours))}) is older than the one in use "
            f"({'.'.join(map(str, theirs))})"
        )
    return binary


def _version(found: re.Match[str] | None) -> tuple[int, ...]:
    return tuple(int(part) for part in found[1].split(".")[:2]) if found else (0, 0)


def _config(folder: Path, host: str, port: int, target) -> str:
    lines = [
        "port 0", f'unixsocket "{folder / "socket"}"', "unixsocketperm 700", f'dir "{folder}"',
        f'logfile "{folder / "log"}"',
        "daemonize no", 'save ""', "appendonly no", "repl-diskless-load on-empty-db", f"replicaof {host} {port}",
    ]  # fmt: skip
    for name, value in (("masteruser", target.username), ("masterauth", target.password)):
        if value:
            text = unquote(value)
            if not _PLAIN.fullmatch(text):
                raise NoReplica("the password in REDIS_URL has characters that Redis' configuration cannot hold")
            lines.append(f'{name} "{text.translate({34: chr(92) + chr(34), 92: chr(92) * 2})}"')
    return "\n".join(lines) + "\n"


def dies_with_us(number: str = "KILL") -> list[str]:
    """What ties a child to this process, where the system has it: a killed backup leaves no server behind."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", number] if setpriv else []


def _await_sync(copy: redis.Redis, process: subprocess.Popen, log: Path, progress: Progress) -> None:
    """Return once the replica has everything. Raises NoReplica when it cannot, or nothing moves for a minute."""
    deadline, moved = time.monotonic() + SILENCE_SECS, -1
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise NoReplica("the private replica ended by itself")
        text = log.read_text(errors="replace") if log.exists() else ""
        if refused := re.search(r"Can't handle RDB format|MASTER aborted replication with an error: (.*)", text):
            raise NoReplica(f"the server in use refused a replica ({(refused[1] or 'newer format').strip()[:80]})")
        if "Unable to AUTH" in text:
            raise NoReplica("the server in use does not let this user be a replica")
        try:
            info = copy.info("replication")
        except redis.ConnectionError:
            time.sleep(0.05)
            continue
        if info["master_link_status"] == "up":
            return
        read, total = int(info.get("master_sync_read_bytes", 0)), int(info.get("master_sync_total_bytes", 0))
        if read != moved:
            moved, deadline = read, time.monotonic() + SILENCE_SECS
        progress("Copying Redis", read, max(total, 0))
        time.sleep(0.05)
    raise NoReplica(f"the private replica received nothing for {SILENCE_SECS:.0f} s")


# --- one call

# Returns {key, type, milliseconds left, value, ...} of all keys, except those of the prefixes in ARGV (streams of
# pictures and the like need not be carried), and the time in front.
_READ_ALL = """
local ask = {string = {'GET'}, hash = {'HGETALL'}, set = {'SMEMBERS'}, list = {'LRANGE', 0, -1},
             zset = {'ZRANGE', 0, -1, 'WITHSCORES'}, stream = {'XRANGE', '-', '+'}}
local out, cursor, seen = {redis.call('TIME')}, '0', {}
repeat
  local reply = redis.call('SCAN', cursor, 'COUNT', 1000)
  cursor = reply[1]
  for _, key in ipairs(reply[2]) do
    local skip = seen[key]
    for _, prefix in ipairs(ARGV) do
      if string.sub(key, 1, #prefix) == prefix then skip = true end
    end
    if not skip then
      seen[key] = true
      local kind = redis.call('TYPE', key).ok
      local how = ask[kind]
      local value = false
      if how then
        value = redis.call(how[1], key, unpack(how, 2))
      end
      out[#out + 1] = key
      out[#out + 1] = kind
      out[#out + 1] = redis.call('PTTL', key)
      out[#out + 1] = value
    end
  end
until cursor == '0'
return out
"""
_NEVER = ("cameras:still:", "cameras:viewer:", "_kombu.", "tracking:")


def _one_call(live: redis.Redis, wanted: Wanted) -> Iterator[Command]:
    try:
        reply = live.execute_command("EVAL", _READ_ALL, 0, *_NEVER)
    except redis.ResponseError as error:
        raise CrowdsiteError(f"Redis refused to be read in one call: {error}") from error
    (seconds, micros), *rest = reply
    now_ms = int(seconds) * 1000 + int(micros) // 1000

    def commands() -> Iterator[Command]:
        for at in range(0, len(rest), 4):
            key, kind, ttl, value = rest[at : at + 4]
            if not wanted(key) or kind == b"none":
                continue
            yield from to_commands(key, kind, value)
            if ttl >= 0:
                yield b"PEXPIREAT", key, b"%d" % (now_ms + ttl)

    return commands()
