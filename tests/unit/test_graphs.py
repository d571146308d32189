"""Policies between vaults in any graph: one backup, one copy in each vault that a policy reaches, and then silence."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.kit.builders import NOW, account, account_sight, desired, destination, observed, point, sight, vault
from tests.kit.judging import diff, standings_of
from tests.kit.laws import Law

from crossvault.aspects.copies.declared import Backfill, BackfillMode
from crossvault.aspects.copies.planned import StartCopy, State
from crossvault.aspects.copies.seen import CopyJob, RecoveryPoint
from crossvault.engine.declared import VaultRef
from crossvault.engine.looks import Seen
from crossvault.engine.plan import Plan
from crossvault.words.reasons import Reason

Edge = tuple[int, int]
VAULTS = tuple(VaultRef(account(f"a{n}", str(n + 1) * 12), "eu-west-1", f"vault-{n}") for n in range(4))
ALL = Backfill(BackfillMode.ALL)


@dataclass(slots=True)
class Graph:
    """Four vaults in four accounts, and the policies between them."""

    edges: list[Edge]
    law: Law = field(default_factory=Law)
    now: datetime = NOW
    vaults: dict[int, list[RecoveryPoint]] = field(default_factory=lambda: {n: [] for n in range(4)})
    jobs: list[CopyJob] = field(default_factory=list)

    def planned(self, edge: Edge) -> Plan:
        """Return what the policy of an edge would do."""
        source, target = VAULTS[edge[0]], VAULTS[edge[1]]
        wanted = replace(desired(destination(vault=target), backfill=ALL, name=f"p{edge}"), source=source)
        since = self.now - timedelta(days=self.law.history)
        jobs = tuple(
            each
            for each in self.jobs
            if each.source_vault_arn == source.arn
            and each.destination_vault_arn == target.arn
            and each.created >= since
        )
        there = sight(wanted.destinations[0], copies=tuple(self.vaults[edge[1]]), jobs=jobs, copies_at=self.now)
        seen = observed(
            tuple(self.vaults[edge[0]]),
            there,
            at=self.now,
            source=account_sight(source.account),
            source_vault=Seen(vault(source)),
        )
        return diff(wanted, seen)

    def copy(self, edge: Edge, source: RecoveryPoint) -> None:
        """Let a copy arrive, started by a policy or by hand."""
        number = len(self.jobs)
        origin = VAULTS[edge[0]].arn
        if self.law.origin != "immediate":
            origin = source.source_vault_arn or origin
        made = replace(
            source,
            arn=f"copy-{number}-in-{edge[1]}",
            source_vault_arn=None if self.law.origin == "null" else origin,
            created=source.created.replace(microsecond=0) if self.law.date == "second" else source.created,
        )
        self.vaults[edge[1]].append(made)
        self.jobs.append(
            CopyJob(
                id=f"job-{number}",
                state="COMPLETED",
                source_point_arn=source.arn,
                source_vault_arn=VAULTS[edge[0]].arn,
                destination_vault_arn=VAULTS[edge[1]].arn,
                resource_arn=source.resource_arn,
                resource_type=source.resource_type,
                created=self.now,
                completed=self.now + timedelta(minutes=1),
                destination_point_arn=made.arn,
            )
        )

    def run(self) -> int:
        """Do a pass over every policy and return how many copies were started."""
        started = 0
        for edge in self.edges:
            for action in self.planned(edge).actions:
                if isinstance(action, StartCopy):
                    self.copy(edge, action.point)
                    started += 1
        self.now += timedelta(hours=3)
        return started

    def copies_of(self, number: int) -> dict[int, int]:
        """Count in each vault the recovery points that are the backup of a resource."""
        return {
            vault_: sum(each.resource_arn.endswith(f"/{number}") for each in there)
            for vault_, there in self.vaults.items()
        }


def resource(number: int, home: int) -> str:
    """Return the ARN of a resource in the account of a vault."""
    return f"arn:aws:ec2:eu-west-1:{VAULTS[home].account.account_id}:volume/{number}"


edges = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 3)).filter(lambda edge: edge[0] != edge[1]), min_size=1, unique=True
)
laws = st.builds(
    Law, date=st.sampled_from(["source", "second"]), origin=st.sampled_from(["immediate", "first", "null"])
)


def reached(edges_: list[Edge], start: int) -> set[int]:
    """Return the vaults that a backup made in one of them has to get to."""
    found = {start}
    while more := {to for begin, to in edges_ if begin in found} - found:
        found |= more
    return found


@settings(max_examples=120)
@given(edges, laws, st.lists(st.integers(0, 3), min_size=1, max_size=5), st.lists(edges, max_size=1), st.data())
def test_every_graph_falls_silent_with_one_copy_in_each_vault(
    edges_: list[Edge], law: Law, homes: list[int], drills: list[list[Edge]], data: st.DataObject
) -> None:
    """Opposite directions, rings, chains and restore drills: each backup is once wherever it has to be, and no more."""
    graph = Graph(edges_, law)
    for number, home in enumerate(homes):
        made = point(arn=f"made-{number}", resource=resource(number, home), created=NOW - timedelta(hours=number + 1.3))
        graph.vaults[home].append(replace(made, created=made.created.replace(microsecond=412000)))
    rounds = 0
    while graph.run():
        rounds += 1
        assert rounds < 40
    brought = {number: dict.fromkeys(range(4), 0) for number in range(len(homes))}
    for edge in (each for drill in drills for each in drill):
        if graph.vaults[edge[0]]:
            source = data.draw(st.sampled_from(graph.vaults[edge[0]]))
            brought[int(source.resource_arn.rsplit("/", 1)[1])][edge[1]] += 1
            graph.copy(edge, source)
    for wait in (0, 40):
        graph.now += timedelta(days=wait)
        while graph.run():
            rounds += 1
            assert rounds < 80

    for number, home in enumerate(homes):
        there = graph.copies_of(number)
        assert all(there[each] >= 1 for each in reached(edges_, home))
        assert all(there[each] - brought[number][each] <= 1 for each in there), there
    untraced = law.origin == "null" and any(any(each.values()) for each in brought.values())
    for edge in edges_:
        for each in standings_of(graph.planned(edge))["dr"]:
            assert each.state in {State.COPIED, State.OUT_OF_SCOPE} or (
                untraced and each.reason is Reason.COPY_UNCERTAIN
            )
