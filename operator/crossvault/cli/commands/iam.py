"""``crossvault iam``: trust and permission documents for what a folder declares."""

from __future__ import annotations

import re
from pathlib import Path

import click

from .. import options

_OPERATOR = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:(?:role|user)/[\w+=,.@/-]+", re.ASCII)
_PROVIDER = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:oidc-provider/[\w./:-]+", re.ASCII)
_QUEUE = re.compile(r"arn:aws[a-z-]*:sqs:[a-z0-9-]+:[0-9]{12}:[\w-]+(?:\.fifo)?", re.ASCII)
_SERVICE_ACCOUNT = re.compile(r"[a-z0-9-]{1,63}/[a-z0-9.-]{1,253}", re.ASCII)


class _Form(click.ParamType[str]):
    """A text of some form."""

    def __init__(self, name: str, form: re.Pattern[str], example: str) -> None:
        self.name = name
        self._form, self._example = form, example

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the text, or fail with an example."""
        if not self._form.fullmatch(value):
            self.fail(f"{value!r} is none such as {self._example}", param, ctx)
        return value


@click.command("iam")
@options.manifests
@click.option("--account", "only", metavar="NAME", help="Only for this BackupAccount.")
@options.printed("json", "yaml", "cloudformation", "terraform")
@click.option(
    "--operator-arn",
    type=_Form("arn", _OPERATOR, "arn:aws:iam::555555555555:role/crossvault"),
    help="The operator's own identity, which the roles trust.",
)
@click.option("--pod-identity", is_flag=True, help="The operator's identity is an EKS Pod Identity.")
@click.option(
    "--oidc-provider",
    type=_Form("arn", _PROVIDER, "arn:aws:iam::555555555555:oidc-provider/oidc.eks.eu-west-1.amazonaws.com/id/ABC"),
    help="The operator's identity is an IAM role for a service account of this provider.",
)
@click.option(
    "--service-account",
    type=_Form("namespace/name", _SERVICE_ACCOUNT, "crossvault-system/crossvault"),
    default="crossvault-system/crossvault",
    show_default=True,
    help="The operator's ServiceAccount.",
)
@click.option(
    "--event-queue-arn",
    type=_Form("arn", _QUEUE, "arn:aws:sqs:eu-west-1:555555555555:crossvault-events"),
    help="The queue of events that the operator reads.",
)
@click.option(
    "--to",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="With -o cloudformation: write a file for each account, and print the commands that deploy them.",
)
@click.option("--overwrite", is_flag=True, help="With --to: replace files that are there.")
@click.pass_context
def command(
    ctx: click.Context,
    *,
    path: Path,
    only: str | None,
    output: str,
    operator_arn: str | None,
    pod_identity: bool,
    oidc_provider: str | None,
    service_account: str,
    event_queue_arn: str | None,
    folder: Path | None,
    overwrite: bool,
) -> None:
    """Print the trust and permission documents that the manifests of a folder need.

    \b
    Nothing is asked of AWS. Examples:
      crossvault iam -f policies/ --operator-arn arn:aws:iam::555555555555:role/crossvault
      crossvault iam -f policies/ -o cloudformation --to templates/
      crossvault iam -f policies/ --account dr -o cloudformation > dr.yaml
      crossvault iam -f policies/ -o terraform > crossvault.tf
      crossvault iam -f policies/ | jq '.accounts[].permissions'

    Exit codes: 0 printed, 1 manifests that cannot be used, or wrong usage.
    """
    if pod_identity and oidc_provider:
        raise click.UsageError("an identity is either an EKS Pod Identity, or a role of an OIDC provider")
    if folder is not None and output != "cloudformation":
        raise click.UsageError("--to goes with -o cloudformation: all other forms are one file for all accounts.")
    if overwrite and folder is None:
        raise click.UsageError("--overwrite goes with --to DIR.")
    from ...kinds.entries import Operator
    from .. import iam

    arn = operator_arn or iam.PLACEHOLDER
    operator = Operator(arn, pod_identity, oidc_provider or "", service_account, event_queue_arn or "")
    ctx.exit(iam.show(path, output, operator, only, iam.Goal(folder, overwrite) if folder else None))
