"""One loop per camera, whatever the broker does: a lease in Redis, renewed by the loop, lost when it falls silent."""

import secrets

import redis

LEASE_MS = 4_000
RENEW_SECS = 1.0

# KEYS[1] lease. ARGV[1] token, ARGV[2] milliseconds.
# A lease that ran out while its holder was still at work (Redis was away, the process was paused) is taken again,
# unless somebody else was faster.
_RENEW = """
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
"""

# KEYS[1] lease. ARGV[1] token.
_RELEASE = """
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
"""


def lease_key(camera_id: int) -> str:
    return f"tracking:lease:{camera_id}"


class Lease:
    """The right to run one camera's loop. Every method raises redis.RedisError when Redis does not answer."""

    def __init__(self, client: redis.Redis, camera_id: int, *, holder: str):
        self._client = client
        self._key = lease_key(camera_id)
        self._token = f"{holder}:{secrets.token_hex(8)}"
        self._renew = client.register_script(_RENEW)
        self._release = client.register_script(_RELEASE)

    def acquire(self) -> bool:
        """False when another loop holds the camera."""
        return bool(self._client.set(self._key, self._token, nx=True, px=LEASE_MS))

    def renew(self) -> bool:
        """False when the camera belongs to another loop now: stop at once."""
        return bool(self._renew(keys=[self._key], args=[self._token, LEASE_MS]))

    def release(self) -> bool:
        """Give the camera back early. False when it was not ours any more."""
        return bool(self._release(keys=[self._key], args=[self._token]))


def leased(client: redis.Redis, camera_ids: list[int]) -> set[int]:
    """Those of `camera_ids` whose loop is alive."""
    if not camera_ids:
        return set()
    holders = client.mget([lease_key(camera_id) for camera_id in camera_ids])
    return {camera_id for camera_id, holder in zip(camera_ids, holders, strict=True) if holder}
