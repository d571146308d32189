"""What a session carries besides its role: session policies, tags, source identity."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from simulator_kit import scenes

if TYPE_CHECKING:
    from backup_simulator.server import SimulatorServer

OPERATOR = f"arn:aws:iam::{scenes.TARGET}:role/operator"
HUB = f"arn:aws:iam::{scenes.TOOLS}:role/hub"
LISTS = scenes.text(scenes.allow("backup:ListBackupVaults"))
MANAGED = f"arn:aws:iam::{scenes.TARGET}:policy/lists"


def chain(**trust: Any) -> scenes.Json:
    """A world in which the operator's user assumes a hub, and the hub the target's operator."""
    scene = scenes.world()
    every = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]
    user = {"AWS": f"arn:aws:iam::{scenes.TOOLS}:user/operator"}
    scenes.account(scene, scenes.TOOLS)["users"][1]["policies"] = [scenes.allow(*every)]
    scenes.account(scene, scenes.TOOLS)["roles"] = [
        scenes.role("hub", trust=scenes.policy({"Effect": "Allow", "Principal": user, "Action": every}))
    ]
    target = scenes.account(scene, scenes.TARGET)
    target["policies"] = [{"name": "lists", "document": scenes.allow("backup:ListBackupVaults")}]
    statement = {"Effect": "Allow", "Principal": {"AWS": HUB}, "Action": every} | trust
    target["roles"][0]["trust"] = scenes.policy(statement, statement | {"Principal": user})
    return scene


POLICIES = [
    pytest.param({"Policy": LISTS}, id="inline"),
    pytest.param({"PolicyArns": [{"arn": MANAGED}]}, id="managed"),
    pytest.param({"Policy": LISTS, "PolicyArns": [{"arn": MANAGED}]}, id="both"),
]


@pytest.mark.parametrize("given", POLICIES)
def test_session_policies_limit_what_the_role_may(server: SimulatorServer, given: scenes.Json) -> None:
    """The role may everything, its session only what the session policy names."""
    server.control.load(chain())
    answer = scenes.client(server, "sts", scenes.TOOLS, user="operator").assume_role(
        RoleArn=OPERATOR, RoleSessionName="test", **given
    )
    client = scenes.session_client(server, "backup", answer["Credentials"])
    client.list_backup_vaults()
    with scenes.refused() as refusal:
        client.list_copy_jobs()

    assert refusal.message.endswith("because no session policy allows the backup:ListCopyJobs action")
    assert 0 < answer["PackedPolicySize"] < 100


REFUSED = [
    pytest.param({"Policy": "{"}, "MalformedPolicyDocument", id="no JSON"),
    pytest.param(
        {"Policy": scenes.text(scenes.policy({"Effect": "Allow", "Action": "*"}))},
        "MalformedPolicyDocument",
        id="no resource",
    ),
    pytest.param({"PolicyArns": [{"arn": MANAGED + "x"}]}, "ValidationError", id="a policy that does not exist"),
    pytest.param(
        {"Policy": LISTS + " " * (2048 - len(LISTS)), "PolicyArns": [{"arn": MANAGED}]},
        "PackedPolicyTooLarge",
        id="too much together",
    ),
    pytest.param({"Policy": LISTS + " " * 2048}, "PackedPolicyTooLarge", id="too much in one"),
]


@pytest.mark.parametrize(("given", "code"), REFUSED)
def test_session_policies_that_are_none_are_refused(server: SimulatorServer, given: scenes.Json, code: str) -> None:
    """By AssumeRole itself."""
    server.control.load(chain())
    with scenes.refused() as refusal:
        scenes.assume(server, OPERATOR, **given)

    assert (refusal.code, refusal.status) == (code, 400)


def hub_session(server: SimulatorServer, **options: Any) -> Any:
    """An STS client with a session of the hub."""
    return scenes.session_client(server, "sts", scenes.assume(server, HUB, **options))


TEAM = [{"Key": "Team", "Value": "storage"}]


def test_transitive_tags_are_handed_on(server: SimulatorServer) -> None:
    """Only they, to every following session, and nobody can replace them."""
    tagged = {"StringEquals": {"aws:PrincipalTag/Team": "storage"}, "Null": {"aws:PrincipalTag/Shift": "true"}}
    scene = chain()
    scenes.account(scene, scenes.TARGET)["roles"][0]["policies"] = [
        scenes.allow("backup:ListBackupVaults", condition=tagged)
    ]
    server.control.load(scene)
    both = [*TEAM, {"Key": "Shift", "Value": "night"}]
    hub = hub_session(server, Tags=both, TransitiveTagKeys=["Team"])
    found = hub.assume_role(RoleArn=OPERATOR, RoleSessionName="on")["Credentials"]
    with scenes.refused() as replaced:
        hub.assume_role(RoleArn=OPERATOR, RoleSessionName="on", Tags=[{"Key": "team", "Value": "other"}])

    assert scenes.session_client(server, "backup", found).list_backup_vaults()["BackupVaultList"] == []
    assert replaced.code == "InvalidParameterValue"
    assert "conflicts with a transitive tag key" in replaced.message


TAGS = [
    pytest.param({"Tags": [*TEAM, {"Key": "team", "Value": "x"}]}, "Duplicate tag keys found", id="twice"),
    pytest.param({"Tags": TEAM, "TransitiveTagKeys": ["Shift"]}, "must be included", id="a transitive key without tag"),
]


@pytest.mark.parametrize(("given", "words"), TAGS)
def test_tags_that_do_not_fit_are_refused(server: SimulatorServer, given: scenes.Json, words: str) -> None:
    """InvalidParameterValue."""
    server.control.load(chain())
    with scenes.refused() as refusal:
        scenes.assume(server, HUB, **given)

    assert refusal.code == "InvalidParameterValue"
    assert words in refusal.message


def test_a_source_identity_stays(server: SimulatorServer) -> None:
    """From session to session; the trust policy sees it, and must allow that it is set."""
    condition = {"StringEquals": {"sts:SourceIdentity": "ann"}}
    server.control.load(chain(Condition=condition))
    hub = hub_session(server, SourceIdentity="ann")
    answer = hub.assume_role(RoleArn=OPERATOR, RoleSessionName="on")
    with scenes.refused() as changed:
        hub.assume_role(RoleArn=OPERATOR, RoleSessionName="on", SourceIdentity="bob")
    with scenes.refused() as absent:
        hub_session(server).assume_role(RoleArn=OPERATOR, RoleSessionName="on")
    server.control.load(chain(Action=["sts:AssumeRole"]))
    with scenes.refused() as untrusted:
        scenes.assume(server, OPERATOR, SourceIdentity="ann")

    assert answer["SourceIdentity"] == "ann"
    assert {changed.code, absent.code, untrusted.code} == {"AccessDenied"}
    assert "sts:SetSourceIdentity" in untrusted.message


SAYING = [
    pytest.param(
        {"policies": [scenes.allow("sts:GetCallerIdentity")]},
        "because no identity-based policy allows the sts:AssumeRole action",
        id="no identity policy",
    ),
    pytest.param(
        {"policies": ["full", scenes.policy({"Effect": "Deny", "Action": "sts:*", "Resource": "*"})]},
        "with an explicit deny in an identity-based policy",
        id="a deny",
    ),
    pytest.param(
        {"policies": ["full"], "boundary": f"arn:aws:iam::{scenes.TOOLS}:policy/reads"},
        "because no permissions boundary allows the sts:AssumeRole action",
        id="a boundary",
    ),
]


@pytest.mark.parametrize(("user", "ending"), SAYING)
def test_assume_role_says_which_policy_refuses(server: SimulatorServer, user: scenes.Json, ending: str) -> None:
    """On the caller's side; the role's side is silent about itself unless it denies."""
    scene = chain()
    tools = scenes.account(scene, scenes.TOOLS)
    tools["policies"] = [{"name": "reads", "document": scenes.allow("backup:List*")}]
    tools["users"][1] |= user
    server.control.load(scene)
    with scenes.refused() as refusal:
        scenes.assume(server, OPERATOR)

    assert refusal.code == "AccessDenied"
    assert refusal.message.endswith(f"on resource: {OPERATOR} {ending}")


def test_a_trust_policy_that_denies_says_so(server: SimulatorServer) -> None:
    """With its own ending."""
    server.control.load(chain(Effect="Deny"))
    with scenes.refused() as refusal:
        scenes.assume(server, OPERATOR)

    assert refusal.message.endswith("with an explicit deny in the role trust policy")


@pytest.mark.parametrize("member", ["SerialNumber", "ProvidedContexts"])
def test_what_is_not_simulated_is_said(server: SimulatorServer, member: str) -> None:
    """Refused rather than ignored."""
    context = {"ProviderArn": "arn:aws:iam::aws:contextProvider/IdentityCenter", "ContextAssertion": "abcd"}
    value: Any = "arn:aws:iam::555555555555:mfa/phone" if member == "SerialNumber" else [context]
    with scenes.refused() as refusal:
        scenes.assume(server, OPERATOR, **{member: value})

    assert (refusal.code, refusal.status) == ("NotImplemented", 501)
    assert member in refusal.message


def test_a_key_tells_its_account(server: SimulatorServer) -> None:
    """GetAccessKeyInfo, for keys of any account."""
    found = scenes.assume(server, OPERATOR)
    admin = scenes.client(server, "sts", scenes.SOURCE)

    assert admin.get_access_key_info(AccessKeyId=found["AccessKeyId"])["Account"] == scenes.TARGET


def test_a_session_token_is_the_user_but_for_iam(server: SimulatorServer) -> None:
    """It may assume roles as long as the roles allow, for it is no role itself."""
    server.control.load(chain())
    user = scenes.client(server, "sts", scenes.TOOLS)
    found = user.get_session_token(DurationSeconds=900)["Credentials"]
    sts = scenes.session_client(server, "sts", found)
    with scenes.refused() as again:
        sts.get_session_token()
    with scenes.refused() as iam:
        scenes.session_client(server, "iam", found).list_roles()

    assert sts.get_caller_identity()["Arn"] == f"arn:aws:iam::{scenes.TOOLS}:user/admin"
    assert scenes.session_client(server, "backup", found).list_backup_vaults()["BackupVaultList"] == []
    assert again.code == "AccessDenied"
    assert (iam.code, iam.status) == ("InvalidClientTokenId", 403)
    server.control.advance(900)
    with scenes.refused() as over:
        sts.get_caller_identity()
    assert over.code == "ExpiredToken"


def test_a_session_token_chains_nothing(server: SimulatorServer) -> None:
    """A role assumed with it may last as long as the role allows."""
    scene = chain()
    scenes.account(scene, scenes.TARGET)["roles"][0]["max_session"] = "12h"
    server.control.load(scene)
    found = scenes.client(server, "sts", scenes.TOOLS, user="operator").get_session_token()["Credentials"]
    sts = scenes.session_client(server, "sts", found)

    assert sts.assume_role(RoleArn=OPERATOR, RoleSessionName="on", DurationSeconds=43_200)["Credentials"]
