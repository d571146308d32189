"""What must hold after every pass (design: what must hold, always), whatever went wrong in it."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable
from typing import Any

from tests.kit.stage import PERMITTED, PRODUCTION, condition

from .cloud import Cloud, Heard
from .world import Place, World, foreign

_LISTING = "ListRecoveryPointsByBackupVault"
_HEALTH = ("Ready", "CopiesHealthy")
_LOSSES = frozenset({"CopyVanished", "DestinationVaultLost"})
_STATES = ("copied", "inProgress", "waiting", "missing", "failed", "ineligible")


class Invariants:
    """Looks at AWS itself after every pass and after everything that happens."""

    def __init__(self, world: World, cloud: Cloud, violated: Callable[[str], None]) -> None:
        self._world, self._cloud, self._violated = world, cloud, violated
        self._places = (*world.sources, *world.targets)
        self._heard = 0
        self._calls: list[Heard] = []
        self._passing: dict[str, Any] = {"spec": {}}
        self._known: set[str] = set()
        self._ever: dict[str, set[tuple[str, float]]] = {place.arn: set() for place in world.targets}
        self.look()

    def look(self) -> None:
        """Check what AWS holds."""
        for place in self._places:
            self._nothing_is_deleted(place)
        for place, theirs in self._world.targets.items():
            self._one_copy_each(place)
            if theirs:
                self._foreign_statements_survive(place)

    def before(self, body: dict[str, Any]) -> None:
        """Begin with a pass; the one before may have been killed."""
        self._only_what_is_permitted()
        self._passing = body

    def after(self, body: dict[str, Any]) -> None:
        """Check a pass by what it sent, what AWS holds now, and what its status says."""
        self._only_what_is_permitted()
        self.look()
        for row in body["status"].get("destinations", ()):
            self._counts_add_up(body, row)
            self._unseen_is_unknown(body, row)
        self._losses_are_losses(body)

    # --- what was sent

    def _only_what_is_permitted(self) -> None:
        body, self._calls, self._heard = self._passing, self._cloud.heard[self._heard :], len(self._cloud.heard)
        written = {each.operation for each in self._calls if each.mutating}
        strange = written - PERMITTED
        if strange:
            self._violated(f"the operator called {sorted(strange)}")
        if written and (body["spec"].get("mode") == "Observe" or body["spec"].get("suspend")):
            self._violated(f"{body['metadata']['name']} may change nothing, and called {sorted(written)}")

    # --- what AWS holds

    def _nothing_is_deleted(self, place: Place) -> None:
        there = {each.arn for each in self._cloud.points(place)} | {place.arn} & self._cloud.vaults()
        prefix = f"{place.arn} "
        known = {each.removeprefix(prefix) for each in self._known if each.startswith(prefix)}
        gone = known - there - self._cloud.gone
        if gone:
            self._violated(f"gone from {place.name}: {sorted(gone)}")
        self._known -= {f"{prefix}{each}" for each in known - there}
        self._known |= {f"{prefix}{each}" for each in there}

    def _one_copy_each(self, place: Place) -> None:
        counted = Counter((each.resource_arn, each.created) for each in self._cloud.points(place))
        self._ever[place.arn] |= counted.keys()
        double = sorted(each for each, count in counted.items() if count > 1)
        if double:
            self._violated(f"copied more than once into {place.name}: {double}")

    def _foreign_statements_survive(self, place: Place) -> None:
        if self._cloud.has_statement(place, foreign(place.account)):
            return
        self._violated(f"a statement of somebody else's is gone from vault {place.name}")

    # --- what the status says

    def _counts_add_up(self, body: dict[str, Any], row: dict[str, Any]) -> None:
        if "inScope" not in row:
            return
        name = f"{body['metadata']['name']} at {row['name']}"
        if sum(row[each] for each in _STATES) != row["inScope"]:
            self._violated(f"the counts of {name} do not add up: {row}")
        ever = self._ever.get(row["vaultArn"], set())
        if row["copied"] > len(ever):
            self._violated(f"{name} says that {row['copied']} are copied, of {len(ever)} there ever were")

    def _unseen_is_unknown(self, body: dict[str, Any], row: dict[str, Any]) -> None:
        """What could not be listed is not told as if it had been: as of when, or not at all."""
        last: dict[str, bool] = {}
        for each in self._calls:
            if each.operation == _LISTING:
                last[each.account] = each.answered
            elif each.operation == "ListCopyJobs" and each.answered:
                # Copy jobs tell that nothing has arrived since the last listing, which need not be made anew then.
                last = {account: answered for account, answered in last.items() if account == PRODUCTION}
        unseen = {account for account, answered in last.items() if not answered}
        account = row["vaultArn"].split(":")[4]
        if not unseen & {account, PRODUCTION}:
            return
        if self._cloud.trouble.stale and condition(body, "PrerequisitesMet")[1] == "DestinationVaultMissing":
            return  # the last look of the pass was shown a world without the vault, in which there is nothing to list
        name = f"{body['metadata']['name']} at {row['name']}"
        if "inScope" in row and "lastObserved" not in row:
            self._violated(f"{name} tells figures as if it had seen them: {row}")
        if condition(body)[0] == "True":
            self._violated(f"{name} is Ready, and could not look")

    def _losses_are_losses(self, body: dict[str, Any]) -> None:
        if self._cloud.trouble.stale:
            return  # a look that shows less than the one before shows a loss, as far as anybody can tell
        told = {reason for _, reason in map(functools.partial(condition, body), _HEALTH)} & _LOSSES
        if told and not self._cloud.gone & {place.arn for place in self._world.targets}:
            self._violated(f"{body['metadata']['name']} says {sorted(told)}, and no destination has lost anything")
