"""The command line: what is typed stands in :mod:`commands`, what is done in a module of the same name beside it.

A command is imported when it is used, and what it needs for its work when it works.

Exit codes of every command: 0 looked and nothing to do, 2 looked and something found, 1 could not look or wrong usage,
130 interrupted by Ctrl-C.
"""

from __future__ import annotations

import importlib

import click

from .. import INTERRUPTED, __version__

__all__ = ["FAILED", "FOUND", "INTERRUPTED", "NOTHING", "main"]

NOTHING, FAILED, FOUND = 0, 1, 2

_COMMANDS = {
    "doctor": "Say what AWS lacks, in the order in which to mend it, with the commands that do.",
    "iam": "Print the trust and permission documents that the manifests of a folder need.",
    "import": "Write manifests of the backup plans and copies that accounts have already.",
    "operator": "Keep every CrossAccountBackupPolicy of a cluster as declared.",
    "plan": "Show what would be done for the policies of a folder, and do nothing.",
    "points": "Tell of each recovery point whether it is copied, and if not, what it waits for.",
    "run": "Keep the policies of a folder as declared, without a cluster.",
    "version": "Print the version.",
}


class _LazyGroup(click.Group):
    """Knows its commands by name and imports one when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(f".commands.{cmd_name}", __name__)
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(sorted(_COMMANDS.items()))


@click.group(
    cls=_LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "auto_envvar_prefix": "CROSSVAULT"},
    epilog="Exit codes: 0 nothing to do, 2 something found, 1 could not look or wrong usage.",
)
@click.version_option(__version__, prog_name="crossvault")
def main() -> None:
    """Keep every AWS backup of one account also in another account's vault.

    \b
    Examples:
      crossvault plan -f examples/quickstart/
      crossvault run -f examples/quickstart/ --once
    """
