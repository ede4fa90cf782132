"""Which Redis keys a backup holds: the one place where each family of keys is declared.

The first rule that fits decides. A family that is not declared is kept, because losing is worse than keeping, and named
at every backup until somebody declares it here; a test compares these rules with the table in docs/architecture.md.
"""

import re
from dataclasses import dataclass

from crowdsite.store.backend import stored_models

RESTORE_PREFIX = "crowdsite:restore:"


@dataclass(frozen=True, slots=True)
class Family:
    """name: shown to people. pattern: of the whole key. kept: whether a backup holds it. why: one sentence.

    is_log: one key holds all of it, so its entries are worth counting.
    """

    name: str
    pattern: re.Pattern[str]
    kept: bool
    why: str
    is_log: bool = False


def _family(name: str, pattern: str, *, kept: bool, why: str, is_log: bool = False) -> Family:
    return Family(name, re.compile(pattern, re.DOTALL), kept, why, is_log)


_MOMENT = "Says what runs now; nobody runs after a restore."
_STALE_WORK = (
    "Work that waits is about this moment: beat asks again for what is due, and a check or a mail from a restored "
    "queue would come hours late. Half of a queue is with its workers anyway, where no snapshot sees it."
)

# Looked at before the records: a lock may be named like one of theirs.
LOCKS = _family("locks", r"store:migrating|[a-z_]+:lock:[a-z_]+", kept=False, why=_MOMENT)

FAMILIES = (
    LOCKS,
    _family("half-finished restores", re.escape(RESTORE_PREFIX) + r".*", kept=False, why="Never complete."),
    _family("camera states", r"cameras:status:.*|cameras:reported", kept=False, why=_MOMENT),
    _family(
        "viewers and pictures",
        r"cameras:(viewer|picture|still|clip|clip_wanted):.*",
        kept=False,
        why="Seconds old at most.",
    ),
    _family("leases", r"tracking:(lease|dispatched):.*|tracking:nodes", kept=False, why=_MOMENT),
    _family("running processes", r"operations:processes|crowdsite:requests.*", kept=False, why=_MOMENT),
    _family("task figures", r"operations:tasks.*", kept=False, why="Figures of processes that will have ended."),
    _family("imports under way", r"operations:import:.*", kept=False, why="Wait minutes for somebody to confirm them."),
    _family("password reset limits", r"accounts:reset:.*", kept=False, why="Minutes long."),
    _family(
        "queues",
        r"(gpu|celery|ppe_queue|faces|exports|alerts)(\x06\x16\d+)?|_kombu\..*|unacked.*|.*\.pidbox.*|.*\.reply\..*"
        r"|celeryev.*|celery-task-meta-.*|celery-taskset-meta-.*",
        kept=False,
        why=_STALE_WORK,
    ),
    _family("entries and exits", r"person_logs", kept=True, why="The truth for reports.", is_log=True),
    _family("counters", r"person_tracker:(cam|day|site|demo):.*", kept=True, why="Totals and people inside."),
    _family(
        "latest events",
        r"stats_stream",
        kept=True,
        why="What programs that follow the counts have not read.",
        is_log=True,
    ),
    _family("checks of equipment", r"ppe_logs", kept=True, why="Results, pruned by their own retention.", is_log=True),
    _family("face index order", r"face:id_map", kept=True, why="Belongs to the faces."),
    _family("deleted cameras", r"cameras:deleted(:\d+)?", kept=True, why="They can be brought back for 30 days."),
    _family("licence facts", r"licensing:.*", kept=True, why="The licence and its public keys; no private key."),
    _family("marks of the store", r"store:(migrations|layout)", kept=True, why="Which shape the records have."),
    _family("marks of the first start", r".*:first_run", kept=True, why="A deleted demo camera stays deleted."),
)


class KeyRules:
    """`FAMILIES` and the tables of the models that are installed."""

    def __init__(self) -> None:
        self._tables = sorted((model._meta.db_table for model in stored_models()), key=len, reverse=True)

    def family(self, key: str) -> Family | None:
        """The family of `key`; None where nobody declared one."""
        if LOCKS.pattern.fullmatch(key):
            return LOCKS
        for table in self._tables:
            if key.startswith((f"{table}#", f"{table}:")):
                return _record_family(table, is_index=key[len(table)] == "#")
        return next((family for family in FAMILIES if family.pattern.fullmatch(key)), None)

    def is_kept(self, key: bytes) -> bool:
        family = self.family(key.decode("utf-8", "replace"))
        return family is None or family.kept

    def is_log(self, key: bytes) -> bool:
        """Whether the entries in the key are what a person counts."""
        family = self.family(key.decode("utf-8", "replace"))
        return family is not None and family.is_log

    def name(self, key: bytes) -> str:
        """For people: the family's name, or the beginning of a key that belongs to none."""
        text = key.decode("utf-8", "replace")
        family = self.family(text)
        if family is not None:
            return family.name
        return "unknown: " + ":".join(text.split(":")[:2])[:60]


def _record_family(table: str, *, is_index: bool) -> Family:
    known = _RECORDS.get((table, is_index))
    if known is None:
        what = f"indexes of {table}" if is_index else f"records {table}"
        known = _family(what, r".*", kept=True, why="What people entered.")
        _RECORDS[table, is_index] = known
    return known


_RECORDS: dict[tuple[str, bool], Family] = {}
