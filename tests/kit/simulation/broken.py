"""Engines that are broken on purpose: one for each invariant, and some that end elsewhere. The simulation finds them.

Each takes away one precaution of the product. ``fits`` tells the worlds in which that matters.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from botocore.parsers import ResponseParserError

from crossvault.aspects.copies import doubts, states
from crossvault.aspects.copies.aws import listing
from crossvault.aspects.copies.aws.kept import KeptListings
from crossvault.aspects.copies.aws.ledger import StartedCopies
from crossvault.aspects.copies.grounds import Ground
from crossvault.aspects.copies.inventory import Inventory
from crossvault.aspects.copies.planned import Standing, StartCopy, State
from crossvault.aspects.effects import AwsAccounts
from crossvault.aspects.vault_policy.aws import writes
from crossvault.aws import answers
from crossvault.aws.entered import Entered
from crossvault.engine import plan, rounds
from crossvault.kinds.account import grants
from crossvault.kinds.policy import document, endings, parse, summary
from crossvault.kinds.policy.drawer import PolicyDrawer
from crossvault.words.instants import instant
from crossvault.words.problems import CrossvaultError

from .cloud import Cloud
from .world import Declared, Removed, World

Patch = pytest.MonkeyPatch
Fits = Callable[[World], bool]
MINUTE = timedelta(minutes=1)


def _any(_: World) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Broken:
    """An engine without one of its precautions.

    Attributes:
        what: What it does wrong.
        breaks: Which invariants that breaks; none for one that only ends elsewhere.
        fits: The worlds in which it matters.
    """

    what: str
    breaks: frozenset[int]
    patch: Callable[[Patch], None]
    fits: Fits = _any


def _deletes(patch: Patch) -> None:
    """Have AWS move what it is asked to copy: no client of the product's can ask to delete a recovery point."""
    through = Cloud._through

    def moving(self: Cloud, name: str, request: Any, struck: Any) -> Any:
        found = through(self, name, request, struck)
        if name.endswith("StartCopyJob") and found.status < 300:
            source = next(each for each in self._world.sources if self.points(each))
            vault = self._vault(source)
            assert vault is not None
            vault.points.pop(self.points(source)[0].arn, None)
        return found

    patch.setattr(Cloud, "_through", moving)


def _ignores_claims(patch: Patch) -> None:
    patch.setattr(PolicyDrawer, "claims_beside", lambda _self, _key: frozenset())
    patch.setattr(PolicyDrawer, "_is_claimed", lambda _self, _key, _request: False)


def _overwrites(patch: Patch) -> None:
    send = writes._send

    def alone(access: Any, vault: Any, policy: str | None) -> None:
        found = json.loads(policy)["Statement"] if policy is not None else []
        ours = [each for each in found if each.get("Sid", "").startswith("CrossvaultCopyIn")]
        send(access, vault, json.dumps({"Version": "2012-10-17", "Statement": ours}) if ours else None)

    patch.setattr(writes, "_send", alone)


def _grants_everything(patch: Patch) -> None:
    patch.setattr(grants, "fnmatchcase", lambda _name, _pattern: True)


def _tells_what_there_is(patch: Patch) -> None:
    """Say of an account that it is there, to who may not use it."""
    resolve = parse._Directory._account

    def telling(self: Any, reference: Any, use: Any) -> Any:
        found, refused = resolve(self, reference, use), self.unresolved[-1:]
        if refused and reference.text("name") in self._accounts:
            self.unresolved[-1] = replace(refused[0], message=refused[0].message.replace("no BackupAccount", "not as"))
        return found

    patch.setattr(parse._Directory, "_account", telling)


def _keeps_halves(patch: Patch) -> None:
    """Say of a listing that broke off that it was not seen, and go on from it in a later pass."""
    audit = KeptListings._audit
    halves: dict[int, tuple[Any, Any]] = {}

    def nothing(*_asked: Any, **_like: Any) -> Inventory:
        return Inventory(())

    def keeping(self: Any, kept: Any, described: Any, points: Any, now: Any) -> Any:
        if id(kept) in halves and now - halves.pop(id(kept))[1] > MINUTE:
            return audit(self, kept, described, nothing, now)
        try:
            return audit(self, kept, described, points, now)
        except CrossvaultError:
            halves[id(kept)] = kept, now
            raise

    patch.setattr(KeptListings, "_audit", keeping)


def _believes_roles(patch: Patch) -> None:
    patch.setattr(Entered, "_verify", lambda _self, _sts: None)


def _forgets_tokens(patch: Patch) -> None:
    apply, dice = AwsAccounts.apply, random.Random(1)  # noqa: S311 - the same each time

    def forgetful(self: AwsAccounts, action: Any, **options: Any) -> Any:
        anew = replace(action, token=f"{dice.random()}") if isinstance(action, StartCopy) else action
        return apply(self, anew, **options)

    patch.setattr(AwsAccounts, "apply", forgetful)
    patch.setattr(StartedCopies, "_in_progress", lambda _self, _entry, _now: {})


def _dates_nothing(patch: Patch) -> None:
    patch.setattr(document, "_as_of", lambda known, _previous, _looked: dict(known))


def _stamps_always(patch: Patch) -> None:
    patch.setattr(summary, "with_last_changed", lambda status, _before, now: {**status, "lastChanged": instant(now)})


def _acts_always(patch: Patch) -> None:
    restrict = plan.restrict

    def eager(found: Any, desired: Any, *, ordered: bool = True) -> Any:
        return restrict(found, desired, ordered=ordered) if desired.deleting else found

    patch.setattr(plan, "restrict", eager)


def _hears_of_no_edits(patch: Patch) -> None:
    apply = rounds.apply

    def deaf(actions: Any, aws: Any, _stopping: Any, **more: Any) -> Any:
        return apply(actions, aws, lambda: False, **more)

    patch.setattr(rounds, "apply", deaf)


def _counts_what_it_started(patch: Patch) -> None:
    patch.setattr(states, "_on_its_way", lambda point, job, _now: Standing(point, State.COPIED, None, job))


def _removes_always(patch: Patch) -> None:
    prepare = endings.prepare

    def willing(*given: Any, ordered: bool, **more: Any) -> Any:
        return prepare(*given, ordered=ordered or True, **more)

    patch.setattr(endings, "wants_removal", lambda _body: True)
    patch.setattr(endings, "prepare", willing)
    patch.setattr(plan, "removes_something", lambda desired, ordered: desired.acts and ordered in {True, False})


def _takes_halves(patch: Patch) -> None:
    checked = answers.checked

    def lenient(model: Any, status: int, body: bytes) -> Any:
        try:
            return checked(model, status, body)
        except (answers.UnexpectedAnswerError, ResponseParserError):
            if model.name != "ListBackupVaults":
                raise
            return checked(model, status, b'{"BackupVaultList": []}')

    patch.setattr(answers, "checked", lenient)


def _never_doubts(patch: Patch) -> None:
    patch.setattr(doubts._Doubts, "_held", lambda _self, standing, _words=None: replace(standing, ground=Ground.PROVEN))


def _drops_figures(patch: Patch) -> None:
    patch.setattr(document, "_as_of", lambda _known, _previous, _looked: {})


def _trusts_a_stale_window(patch: Patch) -> None:
    look = KeptListings.destination
    kept: dict[Any, Any] = {}

    def trusting(self: Any, key: Any, *seen: Any) -> Any:
        return kept.setdefault((id(self), key), look(self, key, *seen))

    patch.setattr(KeptListings, "destination", trusting)


def _reads_one_page(patch: Patch) -> None:
    def first(listed: Any, member: str, *_asked: Any, **_more: Any) -> Any:
        return iter(next(iter(listed))[member])

    patch.setattr(listing, "walked", first)


def _removed(world: World) -> bool:
    return any(isinstance(each, Removed) for each in world.happenings)


def _shares(world: World) -> bool:
    vaults = [
        (each["accountRef"]["name"], each["vault"]["name"])
        for body in world.policies.values()
        for each in body["spec"]["destinations"]
    ]
    ordered = {each.policy for each in world.happenings if isinstance(each, Removed) and each.ordered}
    return len(vaults) > len(set(vaults)) and bool(ordered)


def _stopped(world: World) -> bool:
    """Tell whether somebody has a policy act no more that has much to do at first."""
    edits = (each for each in world.happenings if isinstance(each, Declared))
    acting = {key for key, body in world.policies.items() if body["spec"].get("mode") != "Observe"}
    return any(
        (each.spec.get("suspend") or each.spec.get("mode") == "Observe") and each.policy in acting for each in edits
    )


def _odd(world: World) -> bool:
    return "source_vault" in json.dumps(world.aws)


BROKEN: tuple[Broken, ...] = (
    Broken("moves what it should copy", frozenset({1}), _deletes),
    Broken("takes a statement away that others need", frozenset({2}), _ignores_claims, _shares),
    Broken("replaces whole policies", frozenset({3}), _overwrites, lambda world: any(world.targets.values())),
    Broken("takes every vault for granted", frozenset({4}), _grants_everything, lambda world: bool(world.refused)),
    Broken(
        "tells of accounts to who may not use them", frozenset({4}), _tells_what_there_is, lambda w: bool(w.refused)
    ),
    Broken("believes that a role leads where it should", frozenset({5}), _believes_roles),
    Broken("forgets tokens, and which copies run", frozenset({6}), _forgets_tokens),
    Broken("tells old figures as new", frozenset({7}), _dates_nothing),
    Broken("stamps every status", frozenset({8}), _stamps_always),
    Broken("acts for who observes or is suspended", frozenset({9}), _acts_always),
    Broken("goes on when it is told not to", frozenset({9}), _hears_of_no_edits, _stopped),
    Broken("counts what it started as copied", frozenset({10}), _counts_what_it_started),
    Broken("removes what nobody ordered to", frozenset({11}), _removes_always, _removed),
    Broken("reads half a list of vaults as none", frozenset({12}), _takes_halves),
    Broken("goes on from half a listing", frozenset({12}), _keeps_halves),
    Broken("never doubts", frozenset({13}), _never_doubts, _odd),
    Broken("drops the figures of what it cannot see", frozenset({14}), _drops_figures),
    Broken("lists a destination once, and never again", frozenset(), _trusts_a_stale_window),
    Broken("reads the first page of every list", frozenset(), _reads_one_page),
)
