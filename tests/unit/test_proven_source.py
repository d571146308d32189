"""Nothing is written at a destination while the source is not proven: over all combinations of what can be seen."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from tests.kit.builders import (
    OUR_POLICY,
    ROLE,
    UNSEEN,
    absent,
    account_sight,
    desired,
    destination,
    observed,
    point,
    role,
    sight,
    source_vault,
    vault,
)
from tests.kit.judging import diff

from crossvault.aspects.organization import ORGANIZATION, Organization
from crossvault.aspects.vault import CreateVault
from crossvault.aspects.vault_policy import PutVaultPolicy
from crossvault.aspects.vault_policy.statement import digest_of, statement_for
from crossvault.engine.looks import Look, Seen, Unseen
from crossvault.engine.observed import Observed, Sight
from crossvault.engine.rows import PrerequisiteStatus
from crossvault.iam.documents import put

CREATE = destination(create=True)
CHANGED = put(None, {**statement_for(ROLE), "Action": "backup:*"})

IDENTITIES: tuple[Look[str], ...] = (Seen("111111111111"), UNSEEN)
SOURCE_VAULTS: tuple[Look[Any], ...] = (Seen(vault(source_vault())), Seen(None), UNSEEN)
ORGANIZATIONS: tuple[Look[Organization | None], ...] = (
    Seen(Organization("o-examplecorp", "999999999999")),
    Seen(Organization("o-other", "999999999999")),
    Seen(None),
    UNSEEN,
)
ROLES: tuple[Look[Any], ...] = (Seen(role()), Seen(role(Statement=[])), Seen(role(f"{ROLE}-2")), Seen(None), UNSEEN)
THERE: tuple[Sight, ...] = (
    absent(CREATE),
    sight(CREATE, policy=None),
    sight(CREATE, policy=CHANGED),
    sight(CREATE, policy=OUR_POLICY),
    sight(CREATE, policy=UNSEEN),
    sight(CREATE, vault=UNSEEN, policy=UNSEEN, vault_key=UNSEEN, copies=UNSEEN),
)
WRITES = (True, True, True, False, False, False)


def _world(
    identity: Look[str], source: Look[Any], ours: Look[Any], theirs: Look[Any], copy_role: Look[Any], there: Any
) -> Observed:
    seen_there = there.having(ORGANIZATION, theirs)
    account = account_sight(identity=identity, organization=ours)
    return observed((point(),), seen_there, source=account, source_vault=source, copy_role=copy_role)


@pytest.mark.parametrize(("there", "writes"), [*zip(THERE, WRITES, strict=True)])
def test_a_destination_is_written_exactly_while_its_source_is_proven(there: Sight, *, writes: bool) -> None:
    """Seen and right, all of it; a role only has to be not known to be wrong. What is held says what it waits for."""
    combinations = itertools.product(IDENTITIES, SOURCE_VAULTS, ORGANIZATIONS, ORGANIZATIONS, ROLES)
    tried = written = 0
    for identity, source, ours, theirs, copy_role in combinations:
        made = diff(desired(CREATE), _world(identity, source, ours, theirs, copy_role, there))
        found = [each for each in made.actions if isinstance(each, CreateVault | PutVaultPolicy)]
        one_organization = ours == theirs == ORGANIZATIONS[0] or ours == theirs == ORGANIZATIONS[1]
        right_role = isinstance(copy_role, Unseen) or copy_role is ROLES[0]
        proven = isinstance(identity, Seen) and source is SOURCE_VAULTS[0] and one_organization and right_role
        assert bool(found) is (proven and writes)
        held = [row for row in made.prerequisites if row.name in {"DestinationVault", "VaultPolicy"}]
        unmet = [row for row in held if row.status is PrerequisiteStatus.UNMET]
        assert proven or all("has to be met" in row.remedy for row in unmet)
        tried, written = tried + 1, written + bool(found)
    assert tried == 480
    assert (written > 0) is writes


def test_a_destination_that_is_proven_does_not_wait_for_another() -> None:
    """Organizations are compared pair by pair."""
    two = (destination(create=True), destination("b", create=True))
    stranger = account_sight(organization=Seen(Organization("o-other", "3")))
    seen = observed((), absent(two[0]).having(ORGANIZATION, stranger[ORGANIZATION]), absent(two[1]))
    assert [each.destination for each in diff(desired(*two), seen).actions] == ["b"]


def test_a_deletion_takes_its_statement_back_whatever_became_of_the_source() -> None:
    """The proof is for letting somebody in, not for shutting them out."""
    wanted = desired(destination(), deleting=True)
    seen = observed((), sight(), source=account_sight(identity=UNSEEN), source_vault=UNSEEN, copy_role=Seen(None))
    written = {wanted.destinations[0].vault.arn: digest_of(statement_for(ROLE))}
    (action,) = diff(wanted, seen, written=written).actions
    assert isinstance(action, PutVaultPolicy)
    assert action.document is None
