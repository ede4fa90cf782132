"""Who uses this installation right now: a restore must not happen under a running process."""

import psutil
import redis

from operations.backup_sql import engine, sqlite_path
from operations.heartbeat import alive


def who_is_running(server: redis.Redis, *, at: float) -> list[str]:
    """Processes that were seen within seconds of unix time `at`, other clients of this Redis database, and local
    processes that have the SQL file open; each in a few words. Raises redis.RedisError."""
    found = [f"{process.role} on {process.host}" for process in alive(server, at=at)]
    if found:
        return sorted(found)
    loops = sum(1 for _key in server.scan_iter(match="tracking:lease:*", count=1000))
    if loops:
        return [f"{loops} camera loops"]
    return _clients(server) or _with_open_database()


def _clients(server: redis.Redis) -> list[str]:
    """Connections of other processes to our database; replicas and MONITOR do not count."""
    try:
        listed = server.client_list()
        own = str(server.execute_command("CLIENT", "ID"))
    except redis.ResponseError:
        return []  # a managed server keeps its list to itself
    database = str(server.connection_pool.connection_kwargs.get("db") or 0)
    ours = _own_addresses()
    others = [
        one
        for one in listed
        if one["id"] != own and one["addr"] not in ours and one["db"] == database and not set(one["flags"]) & set("SMO")
    ]
    names = sorted({one["addr"].rsplit(":", 1)[0] or "a local socket" for one in others})
    if not others:
        return []
    many = "a program is" if len(others) == 1 else f"{len(others)} programs are"
    return [f"{many} connected to Redis from {', '.join(names)}"]


def _own_addresses() -> set[str]:
    """This process's ends of its connections, as Redis names them."""
    return {f"{c.laddr.ip}:{c.laddr.port}" for c in psutil.Process().net_connections("tcp") if c.laddr}


def _with_open_database() -> list[str]:
    if engine() != "sqlite":
        return []
    path = str(sqlite_path().resolve())
    found = []
    for process in psutil.process_iter(["pid", "name"]):
        if process.pid == psutil.Process().pid:
            continue
        try:
            if any(file.path == path for file in process.open_files()):
                found.append(f"{process.info['name']} (process {process.pid})")
        except (psutil.Error, OSError):
            continue  # gone, or another user's
    return found
