"""``crossvault import``: manifests that declare what accounts do already."""  # noqa: N999 - the command's name

from __future__ import annotations

import re
from pathlib import Path

import click

from .. import options

_ACCOUNT = re.compile(
    r"(?P<name>[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?)=(?P<id>[0-9]{12})"
    r"(?::(?P<role>arn:aws[a-z-]*:iam::[0-9]{12}:role/[\w+=,.@/-]+))?",
    re.ASCII,
)
_REGION = re.compile(r"[a-z]{2}(?:-[a-z]{1,27}){1,13}-[0-9]{1,2}", re.ASCII)
_NAMESPACE = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)


class _Form(click.ParamType[str]):
    """A text of some form."""

    def __init__(self, name: str, form: re.Pattern[str], example: str) -> None:
        self.name = name
        self.form, self._example = form, example

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the text, or fail with an example."""
        if not self.form.fullmatch(value):
            self.fail(f"{value!r} is none such as {self._example}", param, ctx)
        return value


class _Pair(click.ParamType[tuple[str, str]]):
    """A name, and what it is given."""

    name = "NAME=EXTERNAL_ID"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        """Return both, or fail with an example."""
        name, _, given = value.partition("=")
        if not name or not given:
            self.fail(f"{value!r} is none such as production=9f1c", param, ctx)
        return name, given


_ROLE_EXAMPLE = "production=111111111111:arn:aws:iam::111111111111:role/crossvault-source"


@click.command("import")
@options.filename("Folder or file with BackupAccounts; what policies in it declare is not imported again.")
@click.option(
    "--account",
    "accounts",
    type=_Form("NAME=ACCOUNT_ID[:ROLE_ARN]", _ACCOUNT, _ROLE_EXAMPLE),
    multiple=True,
    help="An account that no manifest declares, with the role to enter it. May be repeated.",
)
@click.option(
    "--external-id",
    "external_ids",
    type=_Pair(),
    multiple=True,
    help="The External ID for the role of such an account. May be repeated.",
)
@click.option(
    "--source",
    "sources",
    metavar="NAME",
    multiple=True,
    help="Look for plans in this account only; others are only copied into. May be repeated. Without it, in all.",
)
@click.option(
    "--region",
    "regions",
    type=_Form("REGION", _REGION, "eu-west-1"),
    multiple=True,
    help="Where to look for backup plans. May be repeated. Without it, the Regions that the BackupAccounts list.",
)
@click.option(
    "-n",
    "--namespace",
    type=_Form("NS", _NAMESPACE, "backup"),
    default="default",
    show_default=True,
    help="The namespace of the policies.",
)
@options.printed(
    *("manifests", "json", "yaml"), told="How to print: the manifests alone, or one document with all that was found."
)
@click.option(
    "--to",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write the manifests into a folder instead, a file each.",
)
@click.option("--overwrite", is_flag=True, help="With --to: replace files that are there.")
@options.cluster_name("local", "local")
@click.pass_context
def command(
    ctx: click.Context,
    *,
    path: Path | None,
    accounts: tuple[str, ...],
    external_ids: tuple[tuple[str, str], ...],
    sources: tuple[str, ...],
    regions: tuple[str, ...],
    namespace: str,
    output: str,
    folder: Path | None,
    overwrite: bool,
    cluster: str,
) -> None:
    """Write manifests of the backup plans and copies that accounts have already.

    \b
    Nothing in AWS is changed. What no manifest can say is listed on stderr. Examples:
      crossvault import -f accounts/ --source production --region eu-west-1 --to policies/
      crossvault import --source production --region eu-west-1 -n shop --to policies/ \\
        --account production=111111111111:arn:aws:iam::111111111111:role/crossvault-source \\
        --account dr=222222222222:arn:aws:iam::222222222222:role/crossvault-destination
      crossvault plan -f policies/

    Exit codes: 0 all is in the manifests, 2 something is left out or to be decided, 1 could not look.
    """
    if path is None and not accounts:
        raise click.UsageError("Say which accounts: -f DIR or --account NAME=ACCOUNT_ID:ROLE_ARN.")
    if overwrite and folder is None:
        raise click.UsageError("--overwrite goes with --to DIR.")
    options.check_aws()
    options.configure_logs("text", "error")
    from .. import importing

    found = (_ACCOUNT.fullmatch(each) for each in accounts)
    named = tuple(tuple(part or "" for part in each.groups()) for each in found if each is not None)
    given = importing.Given(path, named, external_ids, sources, regions, namespace)
    ctx.exit(importing.show(given, output, importing.Goal(folder, overwrite=overwrite), cluster))
