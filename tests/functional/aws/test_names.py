"""What CloudTrail shows tells which operator asked, for which BackupAccount, and for which namespace where it can."""

from __future__ import annotations

import json
import re
import urllib.parse
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.kit.scripted_aws import DESTINATION_ID, account, accounts, let_in, scripted

from backup_simulator.server import SimulatorServer
from crossvault.aws import names
from crossvault.cli.options import CLUSTER
from crossvault.engine.declared import Account
from crossvault.words.problems import CrossvaultError
from crossvault.words.reasons import Reason

VALID = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
PROD = account("orders-prod")


@pytest.mark.parametrize(
    ("cluster", "who", "name"),
    [
        pytest.param("prod-eu", PROD, "crossvault@prod-eu@orders-prod", id="an account of several namespaces"),
        pytest.param(
            "prod-eu", replace(PROD, namespace="orders"), "crossvault@prod-eu@orders-prod@orders", id="of one namespace"
        ),
        pytest.param(
            "c" * 24,
            replace(PROD, name="orders-production-of-europe-and-africa"),
            f"crossvault@{'c' * 24}@orders-production-of--459321",
            id="a long name is cut, and its hash tells it from others",
        ),
        pytest.param(
            "c" * 24,
            replace(PROD, name="orders-production-of-europe", namespace="shop"),
            f"crossvault@{'c' * 24}@orders-productio-2bdc14@shop",
            id="what is short stays whole",
        ),
    ],
)
def test_session_is_named_after_cluster_account_and_namespace(cluster: str, who: Account, name: str) -> None:
    """In this order, with a character between that none of them has."""
    assert names.session_name(cluster, who) == name


_LABELS = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", fullmatch=True)
_NAMES = st.from_regex(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?", fullmatch=True)


@given(cluster=st.from_regex(CLUSTER, fullmatch=True), name=_NAMES, namespace=_LABELS | st.just(""))
def test_every_session_name_is_one_that_sts_takes(cluster: str, name: str, namespace: str) -> None:
    """Whatever things are called; the parts stay apart, and the cluster is never cut."""
    made = names.session_name(cluster, replace(PROD, name=name, namespace=namespace))

    assert VALID.fullmatch(made)
    assert VALID.fullmatch(names.source_identity(cluster))
    assert made.split("@")[:2] == ["crossvault", cluster]
    assert len(made.split("@")) == (4 if namespace else 3)
    assert all(made.split("@"))


@given(one=_NAMES, other=_NAMES)
def test_accounts_have_names_of_their_own(one: str, other: str) -> None:
    """Also those that begin alike and are cut."""
    made = {names.session_name("c" * 24, replace(PROD, name=each)) for each in (one, other)}

    assert len(made) == len({one, other})


def test_cluster_is_named_in_every_request_for_a_session() -> None:
    """In what STS is asked for."""
    with scripted() as script:
        let_in(script)
        aws = accounts(script.url)
        aws.name_cluster("prod-eu")
        aws._reach.sessions.enter(replace(PROD, namespace="orders", source_identity=True)).verify()
        aws.close()
    sent = dict(urllib.parse.parse_qsl(script.bodies[0]))

    assert sent["RoleSessionName"] == "crossvault@prod-eu@orders-prod@orders"
    assert sent["SourceIdentity"] == "crossvault@prod-eu"


def _trusting(simulator: SimulatorServer, *actions: str) -> Account:
    """Let the operator assume a role of the destination account, with these actions."""
    iam = simulator.client("iam", DESTINATION_ID, "admin", region="us-east-1")
    name = "crossvault-destination"
    trust = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
    for statement in trust["Statement"]:
        statement["Action"] = list(actions)
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(trust))
    return account("dr", DESTINATION_ID, name, external_id="demo-external-id")


def test_source_identity_needs_trust_and_nobody_gets_it_unasked(simulator: SimulatorServer) -> None:
    """A role that trusts nothing but AssumeRole opens as before; with sourceIdentity it is refused, and told why."""
    who = _trusting(simulator, "sts:AssumeRole")
    aws = accounts(simulator.url)
    assert aws._reach.sessions.enter(who).verify() == DESTINATION_ID
    with pytest.raises(CrossvaultError) as caught:
        aws._reach.sessions.enter(replace(who, source_identity=True)).verify()
    aws.close()

    assert caught.value.problem.reason is Reason.ASSUME_ROLE_DENIED
    assert "sts:SetSourceIdentity" in caught.value.problem.message


def test_aws_shows_the_session_by_its_name(simulator: SimulatorServer) -> None:
    """As the caller that CloudTrail has."""
    aws = accounts(simulator.url)
    aws.name_cluster("prod-eu")
    aws._reach.sessions.enter(_trusting(simulator, "sts:AssumeRole")).verify()
    aws.close()
    (asked,) = simulator.control.calls(operation="GetCallerIdentity")

    assert asked.principal.endswith(":assumed-role/crossvault-destination/crossvault@prod-eu@dr")
