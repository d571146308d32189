"""What a test or a demo may do to the simulated AWS from outside of it."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any, Literal

import pydantic

from . import points
from .faults import Fault, Kind
from .state import Outcome
from .world import files, schema, units

if TYPE_CHECKING:
    from pathlib import Path

    from .calls import Call
    from .simulator import Simulator
    from .state import RecoveryPoint, Vault

_POINTS: pydantic.TypeAdapter[list[schema.PointPart | schema.GeneratePart]] = pydantic.TypeAdapter(
    list[schema.PointPart | schema.GeneratePart]
)
OUTCOME_STATES = ("FAILED", "STUCK_CREATED", "STUCK_RUNNING")


class FaultControl:
    """Orders faults."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator

    def add(self, kind: Kind | str, **options: Any) -> Fault:  # noqa: ANN401 - checked against Fault
        """Order a fault: `add("throttle", operation="StartCopyJob", times=3)`."""
        known = {field.name for field in fields(Fault)} - {"kind", "hits", "number"}
        if not known.issuperset(options):
            raise ValueError(f"unknown field of a fault: {', '.join(sorted(set(options) - known))}")
        if "seconds" in options:
            options["seconds"] = units.seconds(options["seconds"])
        with self._simulator.lock:
            return self._simulator.faults.add(Fault(Kind(kind), **options))

    def list(self) -> list[Fault]:
        """All ordered faults with their hits."""
        return self._simulator.faults.listed()

    def clear(self) -> None:
        """Cancel all faults."""
        with self._simulator.lock:
            self._simulator.faults.clear()


class Control:
    """The control API for callers in the same process; `/_sim/` mirrors it."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self.faults = FaultControl(simulator)

    def reset(self) -> None:
        """Go back to the loaded world, within milliseconds."""
        self._simulator.reset()

    def load(self, world: schema.World | Path | str | dict[str, Any]) -> None:
        """Load another world: a checked one, a parsed one, or the path of a file."""
        self._simulator.load(files.opened(world))

    def now(self) -> float:
        """Virtual time as epoch seconds."""
        return self._simulator.state.now()

    def advance(self, by: float | str) -> None:
        """Move virtual time forward and let happen what falls due, in order."""
        seconds = units.seconds(by)
        with self._simulator.lock:
            self._simulator.state.clock.advance(seconds)
            self._simulator.run_due()
            self._simulator.changed.notify_all()

    def freeze(self, frozen: bool = True) -> None:
        """Stop or start virtual time."""
        with self._simulator.lock:
            self._simulator.state.clock.freeze(frozen)
            self._simulator.changed.notify_all()

    def rate(self, rate: float) -> None:
        """Set how many virtual seconds pass in a real one."""
        if not 0 < rate <= 1_000_000:
            raise ValueError("a rate lies between 0 and 1000000")
        with self._simulator.lock:
            self._simulator.state.clock.set_rate(rate)
            self._simulator.changed.notify_all()

    def calls(
        self,
        *,
        account: str | None = None,
        service: str | None = None,
        operation: str | None = None,
        mutating: bool | None = None,
        outcome: str | None = None,
    ) -> list[Call]:
        """The calls so far that match."""
        return self._simulator.calls.find(
            account=account, service=service, operation=operation, mutating=mutating, outcome=outcome
        )

    def clear_calls(self) -> None:
        """Forget the calls so far."""
        with self._simulator.lock:
            self._simulator.calls.clear()

    def order(
        self,
        state: Literal["FAILED", "STUCK_CREATED", "STUCK_RUNNING"],
        *,
        resource: str = "",
        recovery_point: str = "",
        destination: str = "",
        message: str = "",
        category: str = "MISCELLANEOUS",
        times: int | None = None,
    ) -> Outcome:
        """Order how copy jobs end that match all given parts of ARNs."""
        if state not in OUTCOME_STATES:
            raise ValueError(f"an outcome is one of {', '.join(OUTCOME_STATES)}")
        outcome = Outcome(state, resource, recovery_point, destination, message, category, times)
        with self._simulator.lock:
            self._simulator.state.outcomes.append(outcome)
        return outcome

    def outcomes(self) -> list[Outcome]:
        """The ordered outcomes."""
        return list(self._simulator.state.outcomes)

    def clear_outcomes(self) -> None:
        """Cancel the ordered outcomes."""
        with self._simulator.lock:
            self._simulator.state.outcomes.clear()

    def seed(self, account: str, region: str, vault: str, recovery_points: list[dict[str, Any]]) -> list[RecoveryPoint]:
        """Add recovery points to a vault now; the parts are those of a world file."""
        try:
            parts = _POINTS.validate_python(recovery_points)
        except pydantic.ValidationError as error:
            raise files.WorldError(str(error)) from None
        with self._simulator.lock:
            found = self.vault(account, region, vault)
            return points.seed(self._simulator.state, found, parts, now=self._simulator.state.now())

    def vault(self, account: str, region: str, name: str) -> Vault:
        """A vault of the living world."""
        found = self._simulator.state.vault(f"arn:aws:backup:{region}:{account}:backup-vault:{name}")
        if found is None:
            raise LookupError(f"account {account} has no vault {name} in {region}")
        return found

    def dump(self) -> dict[str, Any]:
        """A short account of the world."""
        with self._simulator.lock:
            state = self._simulator.state
            return {
                "now": state.now(),
                "rate": state.clock.rate,
                "frozen": state.clock.frozen,
                "cross_account_backup": state.organization.cross_account if state.organization else None,
                "calls": len(self._simulator.calls),
                "accounts": {account_id: _account(state.accounts[account_id].regions) for account_id in state.accounts},
            }


def _account(regions: dict[str, Any]) -> dict[str, Any]:
    return {
        name: {
            "vaults": {
                vault.name: {
                    "recovery_points": len(vault.points),
                    "key": vault.key_arn,
                    "policy": vault.policy is not None,
                }
                for vault in region.vaults.values()
            },
            "copy_jobs": _counted([job.state for job in region.copy_jobs.values()]),
            "keys": dict(region.aliases),
        }
        for name, region in regions.items()
    }


def _counted(states: list[str]) -> dict[str, int]:
    return {state: states.count(state) for state in sorted(set(states))}
