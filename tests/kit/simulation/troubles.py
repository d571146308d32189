"""What goes wrong on the wire and around it, drawn from the seed: which troubles a life has, and when."""

from __future__ import annotations

import json
import random
import urllib.parse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeAlias

from tests.kit.stage import BACKUP, PRODUCTION, SECOND

from . import told
from .told import Told
from .world import FAULTS_END, Declared, Happening, Made, Place, Removed, Stripped, World


class Killed(BaseException):
    """The process is no more: nothing catches this, and nothing that it would have sent is sent."""


class Trouble(StrEnum):
    """What may become of a call."""

    LOST = "the answer is lost"
    TWICE = "sent twice, the second answer is heard"
    THROTTLED = "throttled"
    FAILED = "an internal failure"
    EXPIRED = "the token has expired"
    CUT = "the answer is cut in the middle"
    OMITTED = "a member that is always there is missing"
    SAME_TOKEN = "the page has the token it was asked with"
    EMPTY_PAGE = "an empty page with a token before the first"
    VANISHED = "a recovery point vanishes before this page"
    KILLED_BEFORE = "killed before it is sent"
    KILLED_AFTER = "killed before the answer is heard"


RATES = {
    Trouble.LOST: 0.015,
    Trouble.TWICE: 0.05,
    Trouble.THROTTLED: 0.03,
    Trouble.FAILED: 0.015,
    Trouble.EXPIRED: 0.01,
    Trouble.CUT: 0.015,
    Trouble.OMITTED: 0.1,
    Trouble.SAME_TOKEN: 0.5,
    Trouble.EMPTY_PAGE: 0.3,
    Trouble.VANISHED: 0.4,
    Trouble.KILLED_BEFORE: 0.01,
    Trouble.KILLED_AFTER: 0.01,
}
"""How often, where it may be: most at any call, the ones of pages where there are several."""
AT_WRITES = {Trouble.LOST: 0.3, Trouble.TWICE: 0.4, Trouble.KILLED_BEFORE: 0.1, Trouble.KILLED_AFTER: 0.2}
"""How often at calls that change AWS: they are few, and there it matters."""
KILLS = 2
"""At most so many in a life: each one costs a first look at everything."""
AMID, AT_FIRST = 0.7, 0.3
"""How often what people do comes in the midst of a pass, and how often an edit in that of the very first."""
LONGEST_PASS, FIRST_PASSES = 20, 60
"""So many calls after its time, or after the start, at most."""
OF_PEOPLE = Declared | Removed | Made | Stripped
PAGED = frozenset({"backup.ListRecoveryPointsByBackupVault", "backup.ListCopyJobs"})
SMALL_PAGE = 2
ALWAYS = {
    "sts.GetCallerIdentity": ("", "Account"),
    "backup.GetBackupVaultAccessPolicy": ("", "Policy"),
    "backup.ListBackupVaults": ("", "BackupVaultList"),
    "backup.ListRecoveryPointsByBackupVault": ("RecoveryPoints", "CreationDate"),
    "backup.ListCopyJobs": ("CopyJobs", "State"),
    "backup.ListBackupPlans": ("BackupPlansList", "BackupPlanId"),
    "backup.GetBackupPlan": ("", "BackupPlan"),
    "backup.ListBackupSelections": ("BackupSelectionsList", "SelectionId"),
}
"""Members that AWS sends always, of answers or of their rows."""


@dataclass(frozen=True, slots=True)
class Denied:
    """Everything is denied in an account for a while."""

    begins: float
    ends: float
    account: str


@dataclass(frozen=True, slots=True)
class Clocked:
    """From then on the operator's clock is so many seconds ahead."""

    at: float
    ahead: float


@dataclass(frozen=True, slots=True)
class Lost:
    """Somebody deletes a destination vault with all that is in it, and makes it anew where it is theirs."""

    at: float
    vault: Place


@dataclass(frozen=True, slots=True)
class Failing:
    """From then on the next copy jobs end badly, so many."""

    at: float
    times: int


Timed: TypeAlias = Clocked | Lost | Failing | Told


@dataclass(slots=True)
class Amid:
    """Something happens at a time, or so many calls after it, which is in the midst of a pass."""

    at: float
    calls: int
    what: Happening | Timed


@dataclass(slots=True)
class Troubles:
    """What goes wrong in one life. With nothing in it, all is well."""

    dice: random.Random
    kinds: tuple[Trouble, ...] = ()
    denied: tuple[Denied, ...] = ()
    clocks: tuple[Clocked, ...] = ()
    lost: tuple[Lost, ...] = ()
    failing: tuple[Failing, ...] = ()
    told: tuple[Told, ...] = ()
    stale: float = 0.0
    small_pages: bool = False
    kills: int = KILLS
    rates: Mapping[Trouble, float] = field(default_factory=lambda: RATES)
    over: bool = False
    edits: random.Random | None = None

    @classmethod
    def none(cls) -> Troubles:
        """Return what goes wrong where nothing does."""
        return cls(random.Random(0), over=True)  # noqa: S311 - the same each time

    @classmethod
    def of(cls, seed: int, world: World) -> Troubles:
        """Return the troubles of a seed."""
        dice = random.Random(f"troubles of {seed}")  # noqa: S311 - the same each time
        found = cls(dice)
        found.kinds = tuple(sorted(dice.sample(list(Trouble), dice.randint(2, 5)), key=list(Trouble).index))
        found.small_pages = dice.random() < 0.5
        if dice.random() < 0.25:
            begins = dice.uniform(0, FAULTS_END / 2)
            account = dice.choice((PRODUCTION, BACKUP, SECOND))
            found.denied = (Denied(begins, dice.uniform(begins, FAULTS_END), account),)
        if dice.random() < 0.3:
            found.clocks = tuple(
                Clocked(at, dice.choice((-600.0, 600.0, 0.0)))
                for at in sorted(dice.uniform(0, FAULTS_END) for _ in "ab")
            )
        if dice.random() < 0.15 and world.targets:
            found.lost = (Lost(dice.uniform(FAULTS_END / 4, FAULTS_END), dice.choice(list(world.targets))),)
        if dice.random() < 0.2:
            found.failing = (Failing(dice.uniform(0, FAULTS_END / 2), dice.randint(1, 2)),)
        if dice.random() < 0.3:
            found.stale = dice.choice((30.0, 600.0, 1200.0))
        found.told = told.of(seed, world)
        found.edits = random.Random(f"edits of {seed}")  # noqa: S311 - the same each time
        return found

    @property
    def timed(self) -> tuple[Timed, ...]:
        """What has its time."""
        return (*self.clocks, *self.lost, *self.failing, *self.told)

    def described(self) -> str:
        """Say what this life may meet."""
        parts = [*self.kinds, *map(str, (*self.denied, *self.clocks, *self.lost, *self.failing))]
        parts += [f"{len(self.told)} events"] if self.told else []
        parts += [f"reads {self.stale:.0f} s old"] if self.stale else []
        parts += ["small pages"] if self.small_pages else []
        return "; ".join(parts)

    def strikes(self, operation: str, *, mutating: bool, later_page: bool) -> Trouble | None:
        """Return what becomes of a call."""
        if self.over:
            return None
        for kind in self.kinds:
            rate = AT_WRITES.get(kind, self.rates[kind]) if mutating else self.rates[kind]
            if not _may_be(kind, operation, later_page=later_page) or self.dice.random() >= rate:
                continue
            if kind in (Trouble.KILLED_BEFORE, Trouble.KILLED_AFTER):
                if not self.kills:
                    continue
                self.kills -= 1
            return kind
        return None

    def amid(self, coming: Sequence[Happening | Timed]) -> list[Amid]:
        """Return when each of what is to come does: at its time between two passes, or in the midst of one.

        The first edit of a policy may come in the midst of the very first passes, which have the most to do.
        """
        found, begun = list[Amid](), set[object]()
        for each in coming:
            first = isinstance(each, Declared | Removed) and each.policy not in begun
            begun.update([each.policy] if isinstance(each, Declared | Removed) else [])
            chance = 1.0 if self.edits is None or not isinstance(each, OF_PEOPLE) else self.edits.random()
            if self.edits is None or chance >= AMID:
                found.append(Amid(each.at, 0, each))
            elif first and chance < AT_FIRST:
                found.append(Amid(0.0, self.edits.randint(1, FIRST_PASSES), each))
            else:
                found.append(Amid(each.at, self.edits.randint(1, LONGEST_PASS), each))
        return sorted(found, key=lambda each: each.at)

    def denies(self, account: str, now: float) -> bool:
        """Tell whether an account is denied."""
        return not self.over and any(each.account == account and each.begins <= now < each.ends for each in self.denied)


def _may_be(kind: Trouble, operation: str, *, later_page: bool) -> bool:
    match kind:
        case Trouble.SAME_TOKEN | Trouble.VANISHED:
            return operation in PAGED and later_page
        case Trouble.OMITTED:
            return operation in ALWAYS
        case Trouble.EMPTY_PAGE:
            return operation in PAGED and not later_page
        case _:
            return True


# --- Pages ---------------------------------------------------------------------------------------------------------

_EMPTY = "before-the-first"


def asked(query: str, *, small: bool) -> str:
    """Return the query of a listing as AWS gets it."""
    parts = [each for each in query.split("&") if each != f"nextToken={_EMPTY}"]
    return "&".join(f"maxResults={SMALL_PAGE}" if small and each.startswith("maxResults=") else each for each in parts)


def is_later_page(query: str) -> bool:
    """Tell whether a listing goes on with a token."""
    return "nextToken=" in query


def token_of(query: str) -> str:
    """Return the token a listing goes on with."""
    return urllib.parse.parse_qs(query)["nextToken"][0]


def with_token(body: bytes, token: str) -> bytes:
    """Return a page that says where it goes on."""
    return json.dumps({**json.loads(body), "NextToken": token}).encode()


def empty_page(operation: str) -> bytes:
    """Return a page with nothing in it that does not end the list."""
    member = "CopyJobs" if operation.endswith("ListCopyJobs") else "RecoveryPoints"
    page: dict[str, Any] = {member: [], "NextToken": _EMPTY}
    return json.dumps(page).encode()


def without_member(operation: str, body: bytes) -> bytes:
    """Return an answer without one of its members; without rows, it lacks the list."""
    rows, member = ALWAYS[operation]
    if operation.startswith("sts"):
        return body.replace(b"<Account>", b"<Other>").replace(b"</Account>", b"</Other>")
    answer: dict[str, Any] = json.loads(body)
    if rows and answer.get(rows):
        del answer[rows][-1][member]
    else:
        answer.pop(rows or member, None)
    return json.dumps(answer).encode()
