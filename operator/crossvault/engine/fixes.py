"""What a person pastes at a shell to mend something in AWS: whole commands of the AWS CLI, each on a line of its own.

The policies of others are not printed. A command reads them when it runs, so that nothing is lost that was written
since somebody looked, and no status shows a tenant what others have written.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from ..iam import documents
from ..iam.documents import MalformedPolicyError
from ..words.texts import plain
from .declared import Account, partition_of

Fix: TypeAlias = tuple[str, ...]
"""Lines for a POSIX shell: a comment that names the account to be in, then commands that each work as they stand."""

NONE: Fix = ()


def within(account: Account, *commands: str) -> Fix:
    """Return commands for whoever administers an account; none for none."""
    return in_account(f"{account.name} ({account.account_id})", *commands)


def in_account(who: str, *commands: str) -> Fix:
    """Return commands for whoever administers an account that no BackupAccount has to name."""
    return (plain(f"# In account {who}:"), *commands) if commands else NONE


def joined(lines: Sequence[str]) -> Fix:
    """Return lines with the account of several that follow each other named once."""
    named, kept = "", list[str]()
    for line in lines:
        if line.startswith("# In account ") and line == named:
            continue
        named = line if line.startswith("# In account ") else named
        kept.append(line)
    return tuple(kept)


def aws(service: str, operation: str, *, region: str = "", **parameters: str) -> str:
    """Return one command; ``encryption_key_arn="…"`` is ``--encryption-key-arn …``, and quoted where it has to be.

    IAM is asked in one Region of its partition, whatever it is about: two rows of one account would name two.
    """
    if service == "iam" and region:
        region = IAM[partition_of(region)]
    words = ["aws", service, operation, *(("--region", region) if region else ())]
    for name, value in parameters.items():
        words += [f"--{name.replace('_', '-')}", value]
    return shlex.join(words)


IAM = {"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}
"""Where IAM is asked, by partition. https://docs.aws.amazon.com/general/latest/gr/iam-service.html"""


def text(policy: Mapping[str, Any]) -> str:
    """Return a policy as an argument of a command."""
    return json.dumps(policy, separators=(",", ":"))


def policy_of(statements: Sequence[Mapping[str, Any]]) -> str:
    """Return a policy that has these statements alone."""
    return text({"Version": "2012-10-17", "Statement": [*statements]})


def adding(statements: Sequence[Mapping[str, Any]], document: str, *, read: str, write: str, option: str) -> str | None:
    """Return the command that adds statements behind those of a policy, whatever that says when it runs.

    Statements that are there by then are not added again.

    Args:
        statements: What is lacking; each has a Sid.
        document: The policy as it was seen.
        read: The command that prints the policy.
        write: The command that puts one, but for the policy itself.
        option: The option of that command which takes the policy.

    Returns:
        None where the policy is written in a way that a shell cannot add to, or has one of the Sids already.
    """
    listed = ",".join(map(text, statements))
    if not _adds(document, listed, statements):
        return None
    whole = f'"${{p%]*}}"{shlex.quote(f",{listed}]")}"${{p##*]}}"'
    mark = statements[0]["Sid"]
    return f"p=$({read}) && case $p in *{mark}*) ;; *) {write} {option} {whole} ;; esac"


def _adds(document: str, listed: str, statements: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether the policy that the shell puts together is the one that was seen, with the statements at its end."""
    before, _, after = document.rpartition("]")
    try:
        known, made = documents.read(document), documents.read(f"{before},{listed}]{after}")
    except MalformedPolicyError:
        return False
    there = {str(each.get("Sid")) for each in known["Statement"]}
    if there & {str(each["Sid"]) for each in statements}:
        return False
    return made == {**known, "Statement": [*known["Statement"], *statements]}


def statements_by_hand(who: Account, policy: str, statements: Sequence[Mapping[str, Any]]) -> Fix:
    """Return the statements that a policy lacks, as comments: somebody has to put them in where no shell can."""
    place = f"# In account {who.name} ({who.account_id}) {policy} lacks, or has in another form:"
    return (plain(place), *(f"# {text(each)}" for each in statements))


def correcting(names: Sequence[str], policy: str) -> str:
    """Return the remedy for statements of which a principal was deleted: nothing can be added beside them."""
    return (
        f"First correct, or take out, {' and '.join(names)} in {policy}: AWS takes no policy that names a role or user"
        " which was deleted."
    )


def unless(refused: str, check: str, command: str) -> str:
    """Return a command that is run only where another one is refused with some code: nothing there is replaced."""
    return f"{check} 2>&1 | grep -q {refused} && {command}"


# --- What others may have put in our place -------------------------------------------------------------------------

PRINTED = frozenset(
    (
        "backup create-logically-air-gapped-backup-vault",
        *("backup create-backup-vault", "backup update-global-settings", "backup update-region-settings"),
        "backup put-backup-vault-lock-configuration",
        *("backup get-backup-vault-access-policy", "backup put-backup-vault-access-policy"),
        *("kms create-key", "kms create-alias", "kms enable-key", "kms cancel-key-deletion"),
        *("kms get-key-policy", "kms put-key-policy"),
        *("iam get-role", "iam create-role", "iam create-service-linked-role", "iam update-assume-role-policy"),
        *("iam attach-role-policy", "iam put-role-policy"),
    )
)
"""The operations of the AWS CLI that are ever printed."""
_OPTIONS = {
    "backup put-backup-vault-lock-configuration": frozenset(
        ("--region", "--backup-vault-name", "--min-retention-days", "--max-retention-days")
    )
}
"""The options that are ever printed of an operation, where another one would make for ever what can be undone."""


def is_printed(line: str) -> bool:
    """Tell whether a line is one as they are printed: a comment, or commands of the AWS CLI and nothing else.

    Whoever can write a status could put commands there for others to paste.
    """
    if line.startswith("# ") or not line.isprintable():
        return line.isprintable()
    if line.startswith("p=$("):
        return _is_adding(line.removeprefix("p=$("))
    if line.startswith("key=$("):
        one, _, rest = line.removeprefix("key=$(").partition(") && ")
        two, _, option = rest.rpartition(" --")
        return option in _TAKING_A_KEY and _is_plain(one) and _is_plain(two)
    one, refused, rest = line.partition(" 2>&1 | grep -q ")
    code, _, two = rest.partition(" && ")
    return _is_plain(one) and (not refused or (code.isalpha() and _is_plain(two)))


_TAKING_A_KEY = ('target-key-id "$key"', 'encryption-key-arn "$key"')


def _is_adding(line: str) -> bool:
    """Tell whether a line, but for its beginning, is one of :func:`adding`."""
    one, _, rest = line.partition(") && case $p in *")
    mark, _, rest = rest.partition("*) ;; *) ")
    two, _, rest = rest.partition(' "${p%]*}"')
    quoted, _, end = rest.partition('"${p##*]}" ')
    return mark.isalnum() and _is_plain(one) and _is_plain(two) and _is_quoted(quoted) and end == ";; esac"


def _is_plain(command: str) -> bool:
    """Tell whether a command is one of those printed, with nothing in it that a shell would understand."""
    try:
        words = shlex.split(command)
    except ValueError:
        return False
    operation = " ".join(words[1:3])
    options = {word for word in words[3:] if word.startswith("-")}
    printed = words[:1] == ["aws"] and operation in PRINTED and options <= _OPTIONS.get(operation, options)
    return printed and shlex.join(words) == command


def _is_quoted(text: str) -> bool:
    try:
        words = shlex.split(text)
    except ValueError:
        return False
    return len(words) == 1 and shlex.quote(words[0]) == text
