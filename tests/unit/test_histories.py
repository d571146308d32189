"""Whatever has become of two vaults and their jobs: in the end each recovery point is copied, and none twice.

AWS dates copies as it documents, here; what is started where it does not, see ``test_evidence.py``.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.kit.builders import DISK, TARGET_ARN, desired, destination, observed, point, sight, vault
from tests.kit.judging import diff, standings_of
from tests.kit.laws import HANDS, Law, TwoVaults

from crossvault.aspects.copies.declared import Backfill, BackfillMode
from crossvault.aspects.copies.planned import GAP_STATES, StartCopy
from crossvault.aspects.copies.seen import RecoveryPoint
from crossvault.aspects.lifecycle import Lifecycle
from crossvault.aspects.vault.seen import Vault
from crossvault.engine.declared import Desired, PolicyKey
from crossvault.engine.looks import Seen
from crossvault.engine.plan import Plan

HOUR = timedelta(hours=1)
OURS, THEIRS = "ours", "theirs"
WHAT = ("backup", "look", "by plan", "by hand", "from afar", "lost", "forgotten", "anew", "ring", "part", "retained")


def policy(name: str) -> Desired:
    """Return one of two policies that copy the same vault into the same one."""
    one = destination(lifecycle=Lifecycle(delete_after_days=400))
    return replace(desired(one, backfill=Backfill(BackfillMode.ALL)), key=PolicyKey("shop", name))


@dataclass(slots=True)
class History(TwoVaults):
    """Two vaults in which all that the engine has to live with may happen.

    Attributes:
        born: The destination vault, with when it was made, once it was made anew.
        twice: Of which recovery points there was more than one copy at some time.
    """

    born: Seen[Vault | None] | None = None
    backups: int = 0
    twice: list[str] = field(default_factory=list)

    def planned(self, wanted: Desired | None = None) -> Plan:
        """Return the plan of a pass of a policy now."""
        since = self.now - timedelta(days=30)
        jobs = tuple(each for each in self.jobs if (each.completed or each.created) >= since)
        there = sight(copies=tuple(self.copies), jobs=jobs, copies_at=self.now, vault=self.born)
        return diff(wanted or policy(OURS), observed(tuple(self.points), there, at=self.now))

    def backup(self) -> RecoveryPoint:
        """Let a backup of one of two disks be made."""
        self.backups += 1
        self.now += timedelta(minutes=47)
        resource = f"{DISK}-{self.backups % 2}"
        made = point(self.backups, arn=f"point-{self.backups}", resource=resource, kind="EBS", created=self.now)
        self.points.append(made)
        return made

    def without(self) -> list[RecoveryPoint]:
        """Return what lacks its copy."""
        copied = {self.made.get(each.arn) for each in self.copies}
        whole = (each for each in self.points if each.source_vault_arn is None and each.parent_arn is None)
        return [each for each in whole if each.arn not in copied]

    def copy(self, point: RecoveryPoint, at: datetime) -> None:
        """Let a copy job run at some time; the copy of a composite has its parts."""
        TwoVaults.copy(self, point, at)
        parent = self.copies[-1].arn
        parts = (each for each in self.points if each.parent_arn == point.arn)
        self.copies += [replace(each, arn=f"{parent}-{each.arn}", parent_arn=parent) for each in parts]

    def happen(self, what: str, number: int) -> None:
        """Let something happen to one of the recovery points, copies or jobs."""
        left = self.without()
        chosen = left[number % len(left)] if left else None
        match what:
            case "backup":
                self.backup()
            case "look":
                for name in (OURS, THEIRS)[: 1 + number % 2]:
                    self.start(name)
            case "by plan" if chosen is not None:
                self.copy(chosen, self.now)
            case "by hand" | "from afar" if chosen is not None:
                self.copy(chosen, self.now)
                self.jobs.pop()
                if what == "from afar":
                    made = [each.arn == f"copy-{self.copied}" for each in self.copies].index(True)
                    self.copies[made] = replace(self.copies[made], source_vault_arn=HANDS)
            case "lost" if self.jobs:
                self.jobs.pop(number % len(self.jobs))
            case "forgotten":
                self.now += timedelta(days=31)
            case _:
                self._befall(what, number)
        self.now += HOUR
        self.twice += self.doubles()

    def _befall(self, what: str, number: int) -> None:
        match what:
            case "anew":
                self.copies.clear()
                self.made.clear()
                self.born = Seen(vault(created=self.now))
            case "ring" if self.copies:
                back = self.copies[number % len(self.copies)]
                self.points.append(replace(back, arn=f"back-{len(self.points)}", source_vault_arn=TARGET_ARN))
            case "part":
                whole = replace(self.backup(), is_parent=True)
                self.points[-1] = whole
                part = replace(whole, arn=f"{whole.arn}-part", resource_arn=f"{DISK}-part", is_parent=False)
                self.points.append(replace(part, parent_arn=whole.arn))
            case "retained":
                days = timedelta(days=400 + number)
                self.copies = [replace(each, delete_at=each.created + days) for each in self.copies]
            case _:
                pass

    def start(self, name: str) -> None:
        """Do a pass of a policy."""
        for action in self.planned(policy(name)).actions:
            assert isinstance(action, StartCopy)
            self.started.append(action.point.arn)
            self.copy(action.point, self.now)
            self.now += timedelta(seconds=1)


happenings = st.lists(st.tuples(st.sampled_from(WHAT), st.integers(0, 99)), max_size=25)


@settings(max_examples=25)
@given(happenings)
def test_each_is_copied_once_whatever_has_happened(happened: list[tuple[str, int]]) -> None:
    """Days later, in which backups go on, and both policies look now and then."""
    world = History(Law())
    for what, number in happened:
        world.happen(what, number)
    for _ in range(8):
        world.happen("backup", 0)
        for name in (OURS, THEIRS, OURS):
            world.start(name)
            world.now += 5 * HOUR
            world.twice += world.doubles()
    gaps = Counter(each.reason for each in standings_of(world.planned())["dr"] if each.state in GAP_STATES)

    assert world.twice == []
    assert gaps == {}
