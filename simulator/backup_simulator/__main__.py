"""The command `backup-simulator`."""

from __future__ import annotations

import signal
import sys
import threading
from pathlib import Path

import click
import yaml

from .server import SimulatorServer
from .wire import SimulatorError
from .world import building, files, large


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="backup-simulator")
def main() -> None:
    """A local AWS that refuses cross-account backup copies the way AWS does."""


@main.command()
@click.option("--world", "world_file", required=True, type=click.Path(path_type=Path), help="World file in YAML.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, show_default=True, help="Port; 0 takes a free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--rate",
    type=click.FloatRange(0, 1_000_000, min_open=True),
    help="Virtual seconds per real second; overrides the world file.",
)
@click.option(
    "--control-port", type=click.IntRange(0, 65535), help="Port of its own for the control API; 0 takes a free one."
)
@click.option("--port-file", type=click.Path(path_type=Path), help="Write the port here once it listens.")
@click.option("--strict-out/--no-strict-out", default=True, help="Check every answer against the service model.")
def serve(
    *,
    world_file: Path,
    port: int,
    host: str,
    rate: float | None,
    control_port: int | None,
    port_file: Path | None,
    strict_out: bool,
) -> None:
    """Serve a world until SIGTERM or SIGINT."""
    try:
        server = SimulatorServer(
            files.read(world_file), host=host, port=port, rate=rate, control_port=control_port, strict_out=strict_out
        )
    except (files.WorldError, SimulatorError) as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        ports = str(port) if control_port is None else f"{port} and {control_port}"
        raise click.ClickException(f"cannot listen on {host}:{ports}: {error.strerror}") from None
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: ended.set())
    server.start()
    try:
        for line in exports(server):
            click.echo(line)
        sys.stdout.flush()
        if port_file:
            port_file.write_text(f"{server.port}\n", encoding="utf-8")
        ended.wait()
    finally:
        server.stop()
    click.echo("# stopped")


def exports(server: SimulatorServer) -> list[str]:
    """The lines that point a shell at the simulator, as the first user of the world."""
    lines = [f"# backup-simulator listens on {server.url}; control API at {server.control_url}/state"]
    lines.append(f"export AWS_ENDPOINT_URL={server.url}")
    users = [(account, user) for account in server.world.accounts for user in account.users]
    regions = [vault.region for account in server.world.accounts for vault in account.vaults]
    for number, (account, user) in enumerate(users):
        mark = "" if number == 0 else "# "
        lines.append(f"# account {account.id} {account.name}, user {user.name}")
        lines.append(f"{mark}export AWS_ACCESS_KEY_ID={user.access_key.id}")
        lines.append(f"{mark}export AWS_SECRET_ACCESS_KEY={user.access_key.secret}")
    # boto3 and version 1 of the AWS CLI read the one, everything else the other.
    lines += [f"export {name}={next(iter(regions), 'eu-west-1')}" for name in ("AWS_DEFAULT_REGION", "AWS_REGION")]
    return lines


@main.command()
@click.option("--world", "world_file", required=True, type=click.Path(path_type=Path), help="World file in YAML.")
def validate(world_file: Path) -> None:
    """Check a world file."""
    try:
        state = building.build(files.read(world_file))
    except (files.WorldError, SimulatorError) as error:
        raise click.ClickException(str(error)) from None
    vaults = [
        vault
        for account in state.accounts.values()
        for part in account.regions.values()
        for vault in part.vaults.values()
    ]
    count = sum(len(vault.points) for vault in vaults)
    click.echo(f"{world_file}: {len(state.accounts)} accounts, {len(vaults)} vaults, {count} recovery points")


@main.command()
@click.option("--accounts", default=1, show_default=True, type=click.IntRange(1), help="Pairs of accounts.")
@click.option("--vaults", default=1, show_default=True, type=click.IntRange(1), help="Vaults of every account.")
@click.option("--resources", default=10, show_default=True, type=click.IntRange(1), help="Resources of every vault.")
@click.option("--points", default=100, show_default=True, type=click.IntRange(1), help="Recovery points per resource.")
@click.option("--every", default="1d", show_default=True, help="Time between the recovery points of a resource.")
@click.option("--seed", default=1, show_default=True, help="All ids follow from it.")
def generate(accounts: int, vaults: int, resources: int, points: int, every: str, seed: int) -> None:
    """Print a large world: accounts in pairs, with vaults, keys, roles, policies and recovery points in bulk."""
    try:
        world = large.world(
            accounts=accounts, vaults=vaults, resources=resources, points=points, every=every, seed=seed
        )
    except large.ShapeError as error:
        raise click.BadParameter(error.cause, param_hint=f"--{error.field}") from None
    click.echo(yaml.safe_dump(world, sort_keys=False), nl=False)


if __name__ == "__main__":
    main()
