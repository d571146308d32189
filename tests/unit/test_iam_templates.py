"""The documents of ``crossvault iam`` as CloudFormation and Terraform: read back, they are what the JSON has."""

from __future__ import annotations

import json
import re
from typing import Any, cast

import hcl2
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from tests.kit import least
from tests.kit import stage as scene
from tests.kit.stage import Json

from crossvault.cli import cloudformation, iam, policies, terraform
from crossvault.kinds import ACCOUNT
from crossvault.kinds.entries import Operator
from crossvault.kinds.kind import ObjectKey
from crossvault.local import Folder

EXAMPLES = sorted(path.name for path in least.EXAMPLES.iterdir())
ARN = "arn:aws:iam::555555555555:role/crossvault"


def answer_of(name: str, operator: Operator = Operator(ARN)) -> Json:  # noqa: B008 - a frozen value
    """Return the document for an example."""
    declared, faults = iam.declared_in(least.folder_of(name))
    assert faults == []
    return iam.make(declared, operator)


def large(count: int) -> Json:
    """Return the document for so many policies, each into a vault of its own."""
    bodies = [each for name, each in scene.accounts().items() if name in {"production", "dr"}]
    for number in range(count):
        made = scene.policy(destinations=[scene.destination(vault={"name": f"copies-{number:03}"})])
        made["metadata"]["name"] = f"orders-{number:03}"
        bodies.append(made)
    objects = {
        ObjectKey(each["kind"], each["metadata"].get("namespace", ""), each["metadata"]["name"]): each
        for each in bodies
    }
    declared, faults = iam.declared_in(Folder(objects))
    assert faults == []
    return iam.make(declared, Operator(ARN))


# --- CloudFormation ------------------------------------------------------------------------------------------------


def resolved(part: Any) -> Any:
    """Return a part of a template with the reference to the operator resolved."""
    match part:
        case {"Ref": "OperatorArn"}:
            return ARN
        case dict():
            return {key: resolved(each) for key, each in part.items()}
        case list():
            return [resolved(each) for each in part]
        case _:
            return part


def roles_in(templates: str) -> list[tuple[str, Json]]:
    """Return the roles of templates in their order: the ARN without the account, trust and all statements."""
    found: list[tuple[str, Json]] = []
    for template in yaml.safe_load_all(templates):
        resources = template["Resources"]
        for logical, each in resources.items():
            if each["Type"] != "AWS::IAM::Role" or "Condition" in each:
                continue
            own = each["Properties"]
            documents = [one["PolicyDocument"] for one in own.get("Policies", ())]
            documents += [
                one["Properties"]["PolicyDocument"]
                for one in resources.values()
                if one["Type"] == "AWS::IAM::ManagedPolicy" and {"Ref": logical} in one["Properties"]["Roles"]
            ]
            role = {"trust": resolved(own["AssumeRolePolicyDocument"]), "documents": documents}
            found.append((f"{own['Path']}{own['RoleName']}", role))
    return found


@pytest.mark.parametrize("name", EXAMPLES)
def test_templates_have_the_documents(name: str) -> None:
    """One for each account, with the roles that the document for machines has."""
    answer = answer_of(name)

    assert roles_in(cloudformation.templates(answer)) == [
        (each["role"].partition(":role")[2], {"trust": each["trust"], "documents": [each["permissions"]]})
        for each in answer["accounts"]
    ]


def test_templates_are_what_cloudformation_takes() -> None:
    """Parameters that are referred to, logical names of letters and digits, and few kinds of resources."""
    for template in yaml.safe_load_all(cloudformation.templates(answer_of("organization"))):
        assert template["AWSTemplateFormatVersion"] == "2010-09-09"
        assert {each["Type"] for each in template["Resources"].values()} <= {
            "AWS::IAM::Role",
            "AWS::IAM::ManagedPolicy",
        }
        assert all(re.fullmatch(r"[A-Za-z0-9]+", each) for each in template["Resources"])
        referred = set(re.findall(r'"Ref": "(\w+)"', json.dumps(template)))
        assert referred <= {*template.get("Parameters", {}), *template["Resources"]}


def test_a_copy_role_is_made_only_when_that_is_asked_for() -> None:
    """Most accounts have it, and a second one of its name is refused."""
    (template,) = [
        each
        for each in yaml.safe_load_all(cloudformation.templates(answer_of("quickstart")))
        if "CopyRole" in each["Resources"]
    ]
    role = template["Resources"]["CopyRole"]

    assert template["Parameters"]["CreateCopyRoles"]["Default"] == "false"
    assert role["Condition"] == "CreateCopyRoles"
    assert role["Properties"]["Path"] == "/service-role/"
    assert role["Properties"]["ManagedPolicyArns"] == [
        "arn:aws:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForBackup"
    ]


# --- Terraform -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", EXAMPLES)
def test_terraform_has_the_documents(name: str) -> None:
    """The file is HCL, with a role and a policy for each account, whose documents are those that are printed."""
    answer = answer_of(name)
    text = terraform.module(answer)
    roles = _resources(hcl2.loads(text), "aws_iam_role")
    written = {each["account"]: re.sub(r"\W", "_", each["account"]) for each in answer["accounts"]}

    assert set(written.values()) <= set(roles)
    for each in answer["accounts"]:
        name = each["role"].rsplit("/", 1)[-1]
        assert roles[written[each["account"]]]["name"] == f'"{name}"'
        for statement in each["permissions"]["Statement"]:
            assert f'"Sid" = "{statement["Sid"]}"' in text
    assert _documents(text) >= {json.dumps(each["permissions"]) for each in answer["accounts"]}


def _resources(parsed: Any, kind: str) -> Json:
    """Return the resources of a kind by their names."""
    return {
        name.strip('"'): body
        for each in parsed["resource"]
        for one, named in each.items()
        if one.strip('"') == kind
        for name, body in named.items()
    }


def _documents(text: str) -> set[str]:
    """Return the documents that a file encodes, read as the subset of HCL that JSON nearly is."""
    found = re.findall(r"jsonencode\((\{.*?\n  \})\)", text, re.DOTALL)
    made: set[str] = set()
    for each in found:
        plainly = re.sub(r'^(\s*"[^"\n]*") = ', r"\1: ", each, flags=re.MULTILINE)
        plainly = re.sub(r'([\]}"])\n(\s*")', r"\1,\n\2", plainly).replace("var.operator_arn", f'"{ARN}"')
        made.add(json.dumps(json.loads(re.sub(r",(\s*[\]}])", r"\1", plainly))))
    return made


_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}


def unescaped(written: str) -> str:
    """Return the text that HCL reads in a quoted one."""
    assert (written[0], written[-1]) == ('"', '"')
    text = re.sub(
        r"\\(?:u([0-9a-f]{4})|U([0-9a-f]{8})|(.))",
        lambda found: chr(int(found[1] or found[2], 16)) if found[1] or found[2] else _ESCAPES[found[3]],
        written[1:-1],
    )
    return re.sub(r"([$%])\1(?=\{)", r"\1", text)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_is_the_same_in_terraform(text: str) -> None:
    """What would begin a template, end the text or break the line is written so that it does not."""
    written = terraform.block(("locals",), {"a": text}).split("\n")[1].removeprefix("  a = ")

    assert unescaped(written) == text
    assert written.isprintable()


@given(st.text(st.sampled_from('ab-._${}"\\ \n\t\u00e9'), max_size=12))
def test_a_parser_of_hcl_reads_any_text(text: str) -> None:
    """As one attribute, and nothing after it."""
    parsed = cast("Json", hcl2.loads(terraform.block(("locals",), {"a": text, "b": "end"})))

    assert set(parsed["locals"][0]) - {"__is_block__"} == {"a", "b"}
    assert parsed["locals"][0]["b"] == '"end"'


def test_accounts_have_names_that_terraform_takes_and_no_other_has() -> None:
    """Kubernetes lets names begin with a digit, and have dots."""
    answer = answer_of("quickstart")
    template = answer["accounts"][0]
    answer["accounts"] = [
        {**template, "account": each, "role": f"arn:aws:iam::111111111111:role/r{number}"}
        for number, each in enumerate(["a.b", "a_b", "1st", "operator"])
    ]
    parsed = hcl2.loads(terraform.module(answer))

    assert {"a_b", "a_b_", "account_1st", "operator_"} <= set(_resources(parsed, "aws_iam_role"))


def _statement(number: int) -> Json:
    return {
        "Sid": f"S{number}",
        "Effect": "Allow",
        "Action": "backup:StartCopyJob",
        "Resource": f"arn:aws:x:::{number}",
    }


@given(
    st.lists(
        st.builds(
            "".join,
            st.tuples(
                st.sampled_from(["p1", "p1_", "operator", "1p"]),
                st.lists(st.sampled_from([".copy", "-copy", ".2", "_1", ".key-statements", "."]), max_size=3).map(
                    "".join
                ),
            ),
        ),
        min_size=2,
        max_size=6,
        unique=True,
    )
)
def test_no_address_stands_twice_whatever_accounts_are_called(names: list[str]) -> None:
    """Also where one account is called as what comes from another one's name: p1.copy beside p1."""
    answer = answer_of("quickstart")
    template = max(answer["accounts"], key=lambda each: len(each["copyRoles"]))
    copier, roomless = template["copyRoles"][0], {"Statement": [_statement(number) for number in range(200)]}
    answer["accounts"] = [
        {
            **template,
            "account": each,
            "role": f"arn:aws:iam::111111111111:role/r{number}",
            "copyRoles": [{**copier, "role": f"{copier['role']}{number}{other}"} for other in "ab"],
            "permissions": roomless if number % 2 else template["permissions"],
            "keyStatements": [{"vault": "v", "statements": []}],
        }
        for number, each in enumerate(names)
    ]
    text = terraform.module(answer)
    addresses = re.findall(
        r"^(?:resource|variable) .*|^  \w+_key_statements(?= =)|^#   provider .*", text, re.MULTILINE
    )

    assert len(addresses) == len(set(addresses))
    assert len([each for each in addresses if each.startswith('resource "aws_iam_role" ')]) >= 3 * len(names)


def secret(*accounts: str) -> Json:
    """Return the document for accounts whose External IDs lie in a Secret."""

    def hidden(body: Json) -> None:
        if body["metadata"]["name"] in accounts:
            del body["spec"]["externalId"]
            body["spec"]["externalIdSecretRef"] = {"name": "external-ids", "key": body["metadata"]["name"]}

    declared, faults = iam.declared_in(least.edited(least.folder_of("quickstart"), ACCOUNT.name, hidden))
    assert faults == []
    return iam.make(declared, Operator(ARN))


def test_an_external_id_in_a_secret_is_a_parameter() -> None:
    """It is no secret of ours to print, and no reason to trust whoever has none."""
    answer = secret("dr", "production")
    production, dr = answer["accounts"]
    text = terraform.module(answer)
    (template,) = [
        each for each in yaml.safe_load_all(cloudformation.templates(answer)) if "222222222222" in each["Description"]
    ]
    condition = template["Resources"]["Role"]["Properties"]["AssumeRolePolicyDocument"]["Statement"][0]["Condition"]

    for entry, name in ((production, "production"), (dr, "dr")):
        placeholder = f"EXTERNAL_ID:external-ids/{name}"
        assert entry["trust"]["Statement"][0]["Condition"]["StringEquals"] == {"sts:ExternalId": placeholder}
        assert entry["parameters"] == [
            {"placeholder": placeholder, "externalIdSecretRef": {"name": "external-ids", "key": name}}
        ]
        assert any(placeholder in each for each in answer["notes"])
    assert condition == {"StringEquals": {"sts:ExternalId": {"Ref": "ExternalId"}}}
    assert template["Parameters"]["ExternalId"]["NoEcho"] is True
    assert '"sts:ExternalId" = var.external_id_2\n' in text
    assert text.count("sensitive = true") == 2
    assert "EXTERNAL_ID:" not in text


# --- Lengths -------------------------------------------------------------------------------------------------------


def test_what_a_role_has_no_room_for_becomes_managed_policies() -> None:
    """A hundred vaults in one account: each policy is as long as IAM takes it, and nothing is lost."""
    answer = large(100)
    entry = next(each for each in answer["accounts"] if each["account"] == "dr")
    role = dict(roles_in(cloudformation.templates(answer)))["/crossvault-destination"]
    attached = re.findall(r'resource "aws_iam_role_policy_attachment" "dr\w*"', terraform.module(answer))

    assert policies.length(entry["permissions"]) > policies.INLINE
    assert 1 < len(role["documents"]) == len(attached) <= policies.ATTACHED
    assert all(policies.length(each) <= policies.MANAGED for each in role["documents"])
    assert meant(role["documents"]) == meant([entry["permissions"]])
    assert any("managed policies of them" in each for each in answer["notes"])


def meant(documents: list[Json]) -> set[tuple[str, str, str]]:
    """Return what documents allow: action, resource and condition."""
    return {
        (action, resource, json.dumps(each.get("Condition")))
        for document in documents
        for each in document["Statement"]
        for action in ([each["Action"]] if isinstance(each["Action"], str) else each["Action"])
        for resource in ([each["Resource"]] if isinstance(each["Resource"], str) else each["Resource"])
    }


STATEMENTS = st.lists(st.tuples(st.integers(1, 3), st.integers(1, 400), st.integers(1, 90)), min_size=1, max_size=12)


@given(STATEMENTS)
def test_a_policy_is_split_without_a_loss(shapes: list[tuple[int, int, int]]) -> None:
    """Whatever the lengths of its statements; no Sid occurs twice in one."""
    statements = [
        {
            "Sid": f"S{number}",
            "Effect": "Allow",
            "Action": [f"backup:A{number}x{each}" for each in range(actions)],
            "Resource": [f"arn:{'r' * length}{number}-{each}" for each in range(resources)],
        }
        for number, (actions, resources, length) in enumerate(shapes)
    ]
    whole = {"Version": "2012-10-17", "Statement": statements}
    parts = policies.split(whole)

    assert meant(parts) == meant([whole])
    assert len(parts) == 1 or all(policies.length(each) <= policies.MANAGED for each in parts)
    assert len(parts) > 1 or policies.length(whole) <= policies.INLINE
    for each in parts:
        sids = [one["Sid"] for one in each["Statement"]]
        assert len(set(sids)) == len(sids)
        assert all(re.fullmatch("[A-Za-z0-9]+", one) for one in sids)
