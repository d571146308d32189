"""``crossvault doctor``: what AWS lacks, in the order in which a person mends it, with the commands that do."""

from __future__ import annotations

from pathlib import Path

import click

from .. import options


def _checks(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Complete the name of a prerequisite."""
    from .. import diagnoses

    return [each for each in diagnoses.names() if each.lower().startswith(incomplete.lower())]


@click.command("doctor")
@click.argument("name", required=False)
@options.filename("Look at AWS for the manifests of a folder or file; nothing is asked of a cluster.")
@click.option("-n", "--namespace", metavar="NS", help="Read what the operator last saw for a namespace, or one policy.")
@click.option("-A", "--all-namespaces", "everywhere", is_flag=True, help="The same for the whole cluster.")
@click.option("--check", metavar="PREREQUISITE", shell_complete=_checks, help="Only this prerequisite.")
@click.option("-v", "--verbose", is_flag=True, help="List what is met, too.")
@options.output
@click.option(
    "--kubeconfig",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Without it $KUBECONFIG, the pod's ServiceAccount, ~/.kube/config.",
)
@click.option("--context", help="Context of the kubeconfig.")
@options.cluster_name("local", "local")
@click.pass_context
def command(
    ctx: click.Context,
    *,
    name: str | None,
    path: Path | None,
    namespace: str | None,
    everywhere: bool,
    check: str | None,
    verbose: bool,
    output: str,
    kubeconfig: Path | None,
    context: str | None,
    cluster: str,
) -> None:
    """Say what AWS lacks, in the order in which to mend it, with the commands that do.

    \b
    Examples:
      crossvault doctor -f policies/
      crossvault doctor -n shop payments --check SourceKeys
      crossvault doctor -A -o json | jq -r '.rows[].fix[]'

    The commands are printed to be read, and pasted in the account that the line above them names. Nothing is written.

    Exit codes: 0 nothing to do, 2 something to mend, not known or failed, 1 could not look.
    """
    places = sum((path is not None, namespace is not None, everywhere))
    if places != 1:
        words = "Look in one place at a time" if places else "Say where to look"
        raise click.UsageError(f"{words}: -f DIR, -n NAMESPACE or -A.")
    if name is not None and namespace is None:
        words = "-f takes all policies of a folder: leave it out" if path else "say where: -n NAMESPACE"
        raise click.UsageError(f"{name}: {words}.")
    if path is not None:
        options.check_aws()
    options.configure_logs("text", "error")
    from .. import doctor

    if path is not None:
        ctx.exit(doctor.of_files(path, doctor.Wanted(check, output, verbose=verbose), cluster))
    where = doctor.Place(kubeconfig, context, namespace or "", name or "")
    ctx.exit(doctor.of_cluster(where, doctor.Wanted(check, output, verbose=verbose)))
