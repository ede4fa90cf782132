"""Redis keys as the commands that make them: the text of a backup, and what a restore accepts of one.

The commands are written in Redis' own protocol, one after the other, so `zcat redis.resp.gz | redis-cli --pipe` loads
a backup without this program. Values are written by type and not as DUMP payloads: they load into older and newer
servers alike, and a log of many million entries is no single value over Redis' limit of 512 MB.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, BinaryIO

import redis

from crowdsite.errors import CrowdsiteError

Command = tuple[bytes, ...]

# Elements a command carries, and keys a round trip reads.
ELEMENTS = 1000
KEYS_AT_ONCE = 500
MAX_ARGUMENT_BYTES = 64 * 1024 * 1024
MAX_ARGUMENTS = 2 * ELEMENTS + 64

# Command -> how many arguments each element has after the key. XADD names one entry and its fields.
ALLOWED = {b"SET": 1, b"HSET": 2, b"ZADD": 2, b"SADD": 1, b"RPUSH": 1, b"PEXPIREAT": 1}


class UnreadableCommands(CrowdsiteError):
    """What a backup holds is not what a backup may hold."""

    code = "backup_damaged"


def elements(command: Command) -> int:
    """How many elements of its key a command holds: members, fields, values or the one entry of a stream."""
    return 1 if command[0] == b"XADD" else (len(command) - 2) // ALLOWED[command[0]]


def encode(command: Command) -> bytes:
    """In Redis' protocol. Raises CrowdsiteError for a value that is too large to be read back."""
    if any(len(argument) > MAX_ARGUMENT_BYTES for argument in command):
        key = command[1].decode(errors="replace")
        raise CrowdsiteError(f"The key {key} holds a value over 64 MB, which a backup cannot hold.")
    return b"*%d\r\n%s" % (len(command), b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in command))


def decode(file: BinaryIO) -> Iterator[Command]:
    """The commands of a stream, to its end. Raises UnreadableCommands at the first that is none of `ALLOWED`."""
    while head := file.readline(32):
        command = tuple(_argument(file) for _ in range(_number(head, b"*", MAX_ARGUMENTS)))
        if not _is_allowed(command):
            name = command[0][:20].decode(errors="replace") if command else "empty"
            raise UnreadableCommands(
                f"The backup holds something other than data (a command “{name}”). Nothing of it was used."
            )
        yield command


def _is_allowed(command: Command) -> bool:
    if len(command) < 3 or not command[1]:
        return False
    name, _key, *values = command
    if name == b"XADD":
        return len(values) >= 3 and len(values) % 2 == 1
    size = ALLOWED.get(name)
    if size is None or len(values) % size:
        return False
    return name not in (b"SET", b"PEXPIREAT") or len(values) == 1


def _argument(file: BinaryIO) -> bytes:
    length = _number(file.readline(32), b"$", MAX_ARGUMENT_BYTES)
    value = file.read(length + 2)
    if len(value) != length + 2 or value[-2:] != b"\r\n":
        raise UnreadableCommands("The backup's data end in the middle or are damaged.")
    return value[:-2]


def _number(line: bytes, sign: bytes, most: int) -> int:
    digits = line[1:-2]
    if line[:1] != sign or line[-2:] != b"\r\n" or not digits.isdigit() or int(digits) > most:
        raise UnreadableCommands("The backup's data are damaged: a length cannot be read.")
    return int(digits)


# --- reading a server that nobody writes to


def read_keys(client: redis.Redis, wanted: Callable[[bytes], bool], seen: Callable[[int], None]) -> Iterator[Command]:
    """The commands of every wanted key of a server that stands still. seen: told how many keys were looked at."""
    batch: list[bytes] = []
    looked_at = 0
    for key in client.scan_iter(count=KEYS_AT_ONCE):
        batch.append(key)
        if len(batch) >= KEYS_AT_ONCE:
            yield from _read_batch(client, [key for key in dict.fromkeys(batch) if wanted(key)])
            looked_at += len(batch)
            seen(looked_at)
            batch = []
    yield from _read_batch(client, [key for key in dict.fromkeys(batch) if wanted(key)])
    seen(looked_at + len(batch))


_SIZE = {b"zset": "zcard", b"hash": "hlen", b"set": "scard", b"list": "llen", b"stream": "xlen"}


def _read_batch(client: redis.Redis, keys: Sequence[bytes]) -> Iterator[Command]:
    if not keys:
        return
    pipe = client.pipeline(transaction=False)
    for key in keys:
        pipe.execute_command("TYPE", key)
        pipe.execute_command("PTTL", key)
        pipe.execute_command("TIME")
    replies = iter(pipe.execute())
    facts = [(key, next(replies), next(replies), next(replies)) for key in keys]
    sized = client.pipeline(transaction=False)
    for key, kind, _ttl, _time in facts:
        sized.execute_command(_SIZE.get(kind, "EXISTS").upper(), key)
    small = client.pipeline(transaction=False)
    plans = []
    for (key, kind, ttl, time), size in zip(facts, sized.execute(), strict=True):
        if kind == b"none" or ttl == -2:
            continue  # ran out meanwhile
        expires_at = None if ttl < 0 else _ms(time) + ttl
        plans.append((key, kind, expires_at, size <= ELEMENTS))
        if size <= ELEMENTS:
            small.execute_command(*_WHOLE[_known(key, kind)], *_arguments(key, kind))
    whole = iter(small.execute())
    for key, kind, expires_at, is_small in plans:
        if is_small:
            yield from to_commands(key, kind, next(whole))
        else:
            for part in _parts(client, key, kind):
                yield from to_commands(key, kind, part)
        if expires_at is not None:
            yield b"PEXPIREAT", key, b"%d" % expires_at


_WHOLE = {
    b"string": ("GET",),
    b"hash": ("HGETALL",),
    b"set": ("SMEMBERS",),
    b"list": ("LRANGE",),
    b"zset": ("ZRANGE",),
    b"stream": ("XRANGE",),
}


def _known(key: bytes, kind: bytes) -> bytes:
    if kind not in _WHOLE:
        raise CrowdsiteError(
            f"The key {key.decode(errors='replace')} is of the type {kind.decode()}, which no part of Crowdsite uses. "
            "Give Crowdsite a Redis database of its own."
        )
    return kind


def _arguments(key: bytes, kind: bytes) -> tuple[Any, ...]:
    if kind == b"stream":
        return key, "-", "+"
    if kind == b"list":
        return key, 0, -1
    return (key, 0, -1, "WITHSCORES") if kind == b"zset" else (key,)


def _ms(time: Sequence[Any]) -> int:
    return int(time[0]) * 1000 + int(time[1]) // 1000


def _parts(client: redis.Redis, key: bytes, kind: bytes) -> Iterator[list[Any]]:
    """The elements of a large key, some thousand at a time, in the shape of the whole's reply."""
    if kind in (b"zset", b"list"):
        name, *end = ("ZRANGE", "WITHSCORES") if kind == b"zset" else ("LRANGE",)
        start = 0
        while part := client.execute_command(name, key, start, start + 10 * ELEMENTS - 1, *end):
            yield part
            start += 10 * ELEMENTS
    elif kind == b"stream":
        after = "-"
        while part := client.execute_command("XRANGE", key, after, "+", "COUNT", ELEMENTS):
            yield part
            after = "(" + part[-1][0].decode()
    else:
        cursor = b"0"
        while True:
            cursor, part = client.execute_command(
                "HSCAN" if kind == b"hash" else "SSCAN", key, cursor, "COUNT", ELEMENTS
            )
            yield part
            if int(cursor) == 0:
                return


def to_commands(key: bytes, kind: bytes, value: Any) -> Iterator[Command]:
    """value: as Redis answers when asked for the whole key, or a part of it, in plain lists of bytes."""
    kind = _known(key, kind)
    if kind == b"string":
        if value is not None:
            yield b"SET", key, value
    elif kind == b"stream":
        for number, fields in value:
            yield b"XADD", key, number, *fields
    elif kind == b"zset":
        for at in range(0, len(value), 2 * ELEMENTS):
            pairs = value[at : at + 2 * ELEMENTS]
            yield b"ZADD", key, *(part for i in range(0, len(pairs), 2) for part in (pairs[i + 1], pairs[i]))
    else:
        name, size = {b"hash": (b"HSET", 2), b"set": (b"SADD", 1), b"list": (b"RPUSH", 1)}[kind]
        flat = list(value)
        for at in range(0, len(flat), size * ELEMENTS):
            yield name, key, *flat[at : at + size * ELEMENTS]


def prefixed(commands: Iterable[Command], prefix: bytes) -> Iterator[Command]:
    for name, key, *values in commands:
        yield name, prefix + key, *values
