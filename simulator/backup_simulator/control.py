"""What a test or a demo may do to the simulated AWS from outside of it."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

import pydantic

from . import arns, calls, faults
from .control_events import EventControl
from .identity import web_tokens
from .records import resources
from .records.state import Outcome
from .world import declared_resources, fault_parts, files, order_names, points, resource_parts, schema, units, wording

if TYPE_CHECKING:
    from pathlib import Path

    from .calls import Call
    from .faults import Fault, Kind
    from .records.access import Explanation
    from .records.state import RecoveryPoint, Vault
    from .simulator import Simulator
    from .snapshot import Snapshot

Order = TypeVar("Order", fault_parts.FaultPart, fault_parts.OutcomePart)
_RESOURCES: pydantic.TypeAdapter[list[resource_parts.ResourcePart]] = pydantic.TypeAdapter(
    list[resource_parts.ResourcePart]
)
_ONE, _BULK = set(schema.PointPart.model_fields), set(schema.GeneratePart.model_fields)


def _form(part: object) -> str:
    """Which form of recovery points a part is meant to have: the one whose own fields it has more of."""
    given = set(part) if isinstance(part, dict) else set()
    return "bulk" if len(given & (_BULK - _ONE)) > len(given & (_ONE - _BULK)) else "one"


_POINTS: pydantic.TypeAdapter[list[schema.PointPart | schema.GeneratePart]] = pydantic.TypeAdapter(
    list[
        Annotated[
            Annotated[schema.PointPart, pydantic.Tag("one")] | Annotated[schema.GeneratePart, pydantic.Tag("bulk")],
            pydantic.Discriminator(_form),
        ]
    ]
)
LATEST = dt.datetime(9000, 1, 1, tzinfo=dt.UTC).timestamp()
"""Beyond the year 9999 there are no dates; what is planned needs some of them."""


class FaultControl:
    """Orders faults."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator

    def add(self, kind: Kind | str, **options: Any) -> Fault:  # noqa: ANN401 - checked against Fault
        """Order a fault: `add("throttle", operation="StartCopyJob", times=3)`."""
        part = _checked(fault_parts.FaultPart, {"kind": str(kind), **options}, "fault")
        with self._simulator.lock:
            fault = self._simulator.faults.add(faults.of(part))
            self._simulator.run_due()  # a stale read may ask for what is true now
        self._simulator.tell()
        return fault

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
        self._snapshots: dict[str, Snapshot] = {}
        self.faults = FaultControl(simulator)
        self.events = EventControl(simulator)

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
        """Move virtual time forward and let happen what falls due, in order.

        Raises a HappeningError, when all is done, if some of it failed, or has failed before while nobody was told.
        """
        self.set_clock(advance=by)

    def freeze(self, frozen: bool = True) -> None:
        """Stop or start virtual time."""
        self.set_clock(freeze=frozen)

    def rate(self, rate: float) -> None:
        """Set how many virtual seconds pass in a real one."""
        self.set_clock(rate=rate)

    def skew(self, by: float | str) -> None:
        """Set how far the server's wall clock, by which it judges signatures, is ahead of real time."""
        self.set_clock(skew=by)

    def set_clock(
        self,
        *,
        rate: float | None = None,
        freeze: bool | None = None,
        skew: float | str | None = None,
        advance: float | str | None = None,
    ) -> None:
        """Change rate, standstill, skew and time, in this order: all that is given or, with a ValueError, nothing."""
        ahead = None if skew is None else units.signed_seconds(skew)
        seconds = 0.0 if advance is None else units.seconds(advance)
        if rate is not None and not 0 < rate <= 1_000_000:
            raise ValueError("a rate lies between 0 and 1000000")
        if freeze not in {None, True, False}:
            raise ValueError("freeze is true or false")
        with self._simulator.lock:
            clock = self._simulator.state.clock
            if seconds < 0 or (seconds and clock.now() + seconds > LATEST):
                raise ValueError("time moves forward only, by a thousand years at most and to the year 9000 at most")
            if rate is not None:
                clock.set_rate(rate)
            if freeze is not None:
                clock.freeze(freeze)
            if ahead is not None:
                self._simulator.skew = ahead
            clock.advance(seconds)
            self._simulator.run_due()
            self._simulator.changed.notify_all()
        self._simulator.tell()

    def snapshot(self, name: str = "default") -> Snapshot:
        """Keep the world as it is, under a name; a reset or another world does not touch it."""
        kept = self._snapshots[name] = self._simulator.keep()
        return kept

    def restore(self, kept: Snapshot | str = "default") -> None:
        """Bring a kept world back: state, clock, dice and faults; the call log begins anew."""
        if isinstance(kept, str):
            if kept not in self._snapshots:
                raise LookupError(f"no snapshot {kept!r}; there are {', '.join(sorted(self._snapshots)) or 'none'}")
            kept = self._snapshots[kept]
        self._simulator.restore(kept)

    def snapshots(self) -> dict[str, Snapshot]:
        """All kept worlds by name."""
        return dict(self._snapshots)

    def calls(self, **filters: Any) -> list[Call]:  # noqa: ANN401 - those of CallLog.find
        """The calls so far that match: `calls(role="reader", mutating=True, since=…)`."""
        return self._simulator.calls.find(**filters)

    def used(self, **filters: Any) -> dict[str, dict[str, dict[str, int]]]:  # noqa: ANN401 - those of CallLog.find
        """Which actions each role and user used, and how often they ended how; by `account/role` and action."""
        found = calls.summary(self.calls(**filters))
        return {f"{one['account']}/{one['role']}": one["actions"] for one in found}

    def judged(self, *, account: str | None = None, role: str | None = None) -> dict[str, dict[str, dict[str, int]]]:
        """On which actions each user and role was judged, by ARN and action: how often `allowed`, how often `refused`.

        Copy roles are judged on what AWS Backup does as them, callers also on what one operation needs beyond itself.
        """
        with self._simulator.lock:
            counted = sorted(self._simulator.state.judged.items())
        found: dict[str, dict[str, dict[str, int]]] = {}
        for (arn, action, allowed), count in counted:
            if account in {None, arns.of(arn).account} and role in {None, arn.rpartition("/")[2]}:
                verdicts = found.setdefault(arn, {}).setdefault(action, {"allowed": 0, "refused": 0})
                verdicts["allowed" if allowed else "refused"] += count
        return found

    def explanations(self, *, job: str | None = None, account: str | None = None) -> list[Explanation]:
        """Why the last thousand failed jobs failed, oldest first: by the rules of AWS, not by order."""
        with self._simulator.lock:
            kept = tuple(self._simulator.state.explanations)
        return [one for one in kept if job in {None, one.job} and account in {None, one.account}]

    def clear_calls(self) -> None:
        """Forget the calls so far."""
        with self._simulator.lock:
            self._simulator.calls.clear()
            self._simulator.state.judged.clear()

    def order(
        self,
        state: Literal["FAILED", "COMPLETED", "STUCK_CREATED", "STUCK_RUNNING", "VANISHED"],
        **options: Any,  # noqa: ANN401 - checked
    ) -> Outcome:
        """Order how copy jobs end that match all given fields: `order("FAILED", resource="vol-1", message="…")`."""
        part = _checked(fault_parts.OutcomePart, {"state": state, **options}, "outcome")
        outcome = Outcome(**part.model_dump())
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
            raise files.WorldError(_told(error, recovery_points)) from None
        with self._simulator.lock:
            found = self.vault(account, region, vault)
            return points.seed(self._simulator.state, found, parts, now=self._simulator.state.now())

    def add_resources(self, account: str, parts: list[dict[str, Any]]) -> list[resources.Resource]:
        """Add resources to back up to an account; the parts are those of a world file."""
        try:
            checked = _RESOURCES.validate_python(parts)
        except pydantic.ValidationError as error:
            raise files.WorldError(_told(error, parts)) from None
        with self._simulator.lock:
            state, flaws = self._simulator.state, files.Flaws()
            before = resources.kept(state, account)
            added = declared_resources.declare(state, account, checked, now=state.now(), flaws=flaws)
            try:
                flaws.tell()
            except files.WorldError:
                resources.put_back(state, account, before)
                raise
            return added

    def remove_resource(self, account: str, region: str, arn: str) -> None:
        """Take a resource away; its recovery points stay."""
        with self._simulator.lock:
            resources.remove(self._simulator.state, account, region, arn)

    def vault(self, account: str, region: str, name: str) -> Vault:
        """A vault of the living world."""
        found = self._simulator.state.vault(f"arn:aws:backup:{region}:{account}:backup-vault:{name}")
        if found is None:
            raise LookupError(f"account {account} has no vault {name} in {region}")
        return found

    def web_identity_token(
        self, account: str, host: str, subject: str, *, audience: str | None = None, duration: float | str = 3600.0
    ) -> str:
        """Issue a token of an OpenID Connect provider of an account, for AssumeRoleWithWebIdentity."""
        with self._simulator.lock:
            state = self._simulator.state
            provider = state.accounts[account].providers.get(host.removeprefix("https://"))
            if provider is None:
                raise LookupError(f"account {account} has no OpenID Connect provider {host}")
            now, to = state.now(), audience or provider.audiences[0]
            expires = now + units.seconds(duration)
            return web_tokens.mint(provider, subject, audience=to, issued=now, expires=expires)

    def dump(self) -> dict[str, Any]:
        """A short account of the world."""
        with self._simulator.lock:
            state = self._simulator.state
            return {
                "now": state.now(),
                "rate": state.clock.rate,
                "frozen": state.clock.frozen,
                "skew": self._simulator.skew,
                "organizations": {name: found.shown() for name, found in state.organizations.items()},
                "calls": len(self._simulator.calls),
                "failures": [str(failure) for failure in self._simulator.failures],
                "accounts": {account_id: _account(state.accounts[account_id].regions) for account_id in state.accounts},
            }


def _checked(model: type[Order], fields: dict[str, Any], what: str) -> Order:
    """Check the fields of something ordered; a ValueError names the field that is wrong."""
    try:
        part = model.model_validate(fields)
        order_names.check(part)
    except pydantic.ValidationError as error:
        raise ValueError(f"no {what}: {_told(error, fields)}") from None
    except ValueError as error:
        raise ValueError(f"no {what}: {error}") from None
    return part


def _told(error: pydantic.ValidationError, given: object) -> str:
    return "; ".join(text for _, text in wording.told(error, given))


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
