"""AWS as the operator of one simulation meets it: every call passes here, and may come to grief."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

from botocore.exceptions import ConnectionClosedError
from tests.kit.stage import HOME, PRODUCTION

from backup_simulator.calls import mutates
from backup_simulator.faults import Fault, Kind
from backup_simulator.identity import anchors
from backup_simulator.records import keys
from backup_simulator.records.backups import Plan, PlanVersion
from backup_simulator.records.state import CopyJob, RecoveryPoint, Vault
from backup_simulator.transport import InProcess
from backup_simulator.wire import Request, Response
from backup_simulator.world import files

from . import troubles
from .steps import Call, Heard, Witness
from .troubles import Killed, Trouble, Troubles
from .wire import VirtualAws
from .world import START, Happening, Json, Made, Place, Stripped, World, foreign

LATENCY = 0.25
"""Virtual seconds that a call takes."""
_FAULTS = {
    Trouble.THROTTLED: Fault(Kind.THROTTLE, times=1),
    Trouble.FAILED: Fault(Kind.ERROR, times=1),
    Trouble.EXPIRED: Fault(Kind.EXPIRED_TOKEN, times=1),
    Trouble.CUT: Fault(Kind.TRUNCATE, times=1),
}
_DENIED = Fault(Kind.ERROR, code="AccessDeniedException", status=403, times=1)
_SPOILT = frozenset({Trouble.CUT, Trouble.SAME_TOKEN, Trouble.OMITTED})
"""What comes to an answer that has the status of a good one."""
OURS = "CrossvaultCopyIn"
_POLICY_TAG = "crossvault.io/policy"
_BY_HAND: Json = {
    "BackupPlanName": "by-hand",
    "Rules": [
        {
            "RuleName": "old",
            "RuleId": "by-hand-rule",
            "TargetBackupVaultName": "orders",
            "ScheduleExpression": "cron(0 5 3 1 ? *)",
            "ScheduleExpressionTimezone": "Etc/UTC",
            "StartWindowMinutes": 480,
            "CompletionWindowMinutes": 10080,
            "Lifecycle": {"DeleteAfterDays": 7},
        }
    ],
}


class Cloud:
    """A simulated AWS, its virtual time, and the wire to it; ``meanwhile`` is what others do while a call is made."""

    def __init__(self, world: World, trouble: Troubles, tell: Callable[[str], None]) -> None:
        self.simulator = VirtualAws(files.opened(world.aws))
        self.control = InProcess(self.simulator).control
        self.trouble, self._world, self._tell = trouble, world, tell
        self.witness: Witness | None = None
        self.meanwhile: Callable[[], None] = lambda: None
        self.life = self.calls = self.writes = self.struck = 0
        self.gone: set[str] = set()
        if world.planned:
            self._plan_by_hand()
        self._doomed = [(place, each.arn) for place in world.sources for each in self.points(place)[: world.doomed]]
        self._dead = False
        if trouble.stale:
            self.control.faults.add(Kind.STALE, seconds=trouble.stale, probability=0.5)

    # --- time

    @property
    def now(self) -> float:
        """Seconds since the start."""
        return self.simulator.state.now() - START.timestamp()

    @property
    def moment(self) -> float:
        """The time as AWS has it."""
        return self.simulator.state.now()

    def wait(self, seconds: float) -> None:
        """Let time pass, and happen what is due."""
        self.control.advance(max(0.0, seconds))

    # --- the wire

    def revive(self) -> None:
        """Let the next process reach AWS."""
        self._dead = False

    def answer(self, name: str, request: Request) -> Response:
        """Answer a call, or do not."""
        if self._dead:
            raise Killed(name)
        self.meanwhile()
        call = self._call(name, request)
        if self.witness is not None:
            self.witness.asks(call)
        later = name in troubles.PAGED and troubles.is_later_page(request.query)
        struck = self.trouble.strikes(name, mutating=call.mutating, later_page=later)
        denied = self.trouble.denies(call.account, self.now) and call.service != "sts"
        self.simulator.state.clock.advance(LATENCY)
        fate, heard = "denied" if denied else (struck or ""), Heard()
        try:
            found = self._denied(request) if denied else self._through(name, request, struck)
            whole = found.status < 300 and (struck not in _SPOILT or denied)
            heard = Heard(found.status, found.body, whole, fate)
        finally:
            self._note(call, heard, fate)
        return found

    def _call(self, name: str, request: Request) -> Call:
        service, operation = name.lower().split(".")[0], name.split(".")[1]
        region, _, key = _scope(request)
        found = self.simulator.state.credentials.get(key)
        account = found.principal.account if found is not None else ""
        mutating = mutates(operation)
        return Call(
            service, operation, account, key, region, request.path, request.query, request.body, mutating, self.life
        )

    def _note(self, call: Call, heard: Heard, fate: str) -> None:
        self.calls += 1
        self.writes += call.mutating
        self.struck += bool(fate)
        self._tell(
            f"  {call.account} {call.service}.{call.operation} {heard.status or 'unanswered'}{fate and ': '}{fate}"
        )
        if self.witness is not None:
            self.witness.hears(call, heard)

    def _denied(self, request: Request) -> Response:
        return self._with(_DENIED, request)

    def _with(self, fault: Fault, request: Request) -> Response:
        """Let a fault of the simulator's hit this call, before all that are ordered for longer."""
        ordered = self.simulator.faults._faults
        ordered.insert(0, replace(fault))
        try:
            return self.simulator.handle(request)
        finally:
            del ordered[0]

    def _through(self, name: str, request: Request, struck: Trouble | None) -> Response:
        if struck is Trouble.KILLED_BEFORE:
            self._die(name)
        if struck is Trouble.EMPTY_PAGE:
            found = self.simulator.handle(self._asked(name, request))
            return replace(found, body=troubles.empty_page(name)) if found.status < 300 else found
        if struck is Trouble.VANISHED:
            self._vanish()
        fault = _FAULTS.get(struck) if struck is not None else None
        asked = self._asked(name, request)
        found = self._with(fault, asked) if fault is not None else self.simulator.handle(asked)
        match struck:
            case Trouble.KILLED_AFTER:
                self._die(name)
            case Trouble.LOST:
                raise ConnectionClosedError(endpoint_url=request.path)
            case Trouble.TWICE:
                found = self.simulator.handle(asked)
            case Trouble.OMITTED if found.status < 300:
                found = replace(found, body=troubles.without_member(name, found.body))
            case Trouble.SAME_TOKEN if found.status < 300:
                found = replace(found, body=troubles.with_token(found.body, troubles.token_of(request.query)))
            case _:
                pass
        return found

    def _asked(self, name: str, request: Request) -> Request:
        if name not in troubles.PAGED:
            return request
        return replace(request, query=troubles.asked(request.query, small=self.trouble.small_pages))

    def _die(self, name: str) -> None:
        self._dead = True
        raise Killed(name)

    def _vanish(self) -> None:
        """Let a doomed recovery point of a source come to its end, between two pages."""
        for place, arn in self._doomed:
            vault = self._vault(place)
            if vault is not None and vault.points.pop(arn, None) is not None:
                self.gone.add(arn)
                self._tell(f"  {arn} vanishes")
                return

    def doom(self) -> None:
        """Let all doomed recovery points come to their end."""
        for _ in self._doomed:
            self._vanish()

    # --- what lies there

    def _vault(self, place: Place) -> Vault | None:
        return self.simulator.state.vault(place.arn)

    def points(self, place: Place) -> list[RecoveryPoint]:
        """Return the recovery points in a vault."""
        vault = self._vault(place)
        return list(vault.points.values()) if vault is not None else []

    def is_there(self, place: Place) -> bool:
        """Tell whether there is a vault."""
        return self._vault(place) is not None

    def jobs(self, source: Place) -> list[CopyJob]:
        """Return the copy jobs out of a vault."""
        jobs = self.simulator.state.accounts[source.account].region(source.region).copy_jobs.values()
        return [each for each in jobs if each.source_vault_arn == source.arn]

    def under_way(self, target: Place) -> list[tuple[str, float]]:
        """Return of which backups copies are being made into a vault: resource and date."""
        state, found = self.simulator.state, []
        for source in self._world.sources:
            vault = self._vault(source)
            for job in state.accounts[source.account].region(source.region).copy_jobs.values():
                running = job.state in {"CREATED", "RUNNING"} and job.destination_vault_arn == target.arn
                point = vault.points.get(job.source_point_arn) if running and vault is not None else None
                if point is not None:
                    found.append((point.resource_arn, point.created))
        return found

    def is_copying(self) -> bool:
        """Tell whether a copy is being made anywhere."""
        accounts = self.simulator.state.accounts.values()
        regions = [region for each in accounts for region in each.regions.values()]
        return any(job.state in {"CREATED", "RUNNING"} for each in regions for job in each.copy_jobs.values())

    def statements(self, place: Place) -> list[str]:
        """Return the statements of a vault's policy as text, in their order."""
        vault = self._vault(place)
        if vault is None or vault.policy is None:
            return []
        document = anchors.rendered(self.simulator.state, vault.policy)
        return [json.dumps(each, sort_keys=True) for each in document["Statement"]]

    def has_statement(self, place: Place, statement: Json) -> bool:
        """Tell whether a statement stands in a vault's policy as it was put there."""
        return json.dumps(statement, sort_keys=True) in self.statements(place)

    def let_into(self, place: Place) -> list[str]:
        """Return whom our statements in the policy of a vault let in."""
        found = map(json.loads, self.statements(place))
        return [str(each["Principal"]["AWS"]) for each in found if each.get("Sid", "").startswith(OURS)]

    # --- plans

    def _plans(self) -> list[Plan]:
        found = self.simulator.state.accounts[PRODUCTION].region(HOME).plans.values()
        return [each for each in found if each.deleted is None]

    def plans_of_ours(self) -> list[tuple[str, Json, list[Json]]]:
        """Return our plans in the account of the sources: whose, what, and what they back up."""
        return [
            (each.tags[_POLICY_TAG], dict(each.current.document), _selected(each))
            for each in self._plans()
            if _POLICY_TAG in each.tags
        ]

    def plans_of_others(self) -> list[str]:
        """Return all other plans there, as text."""
        others = [each for each in self._plans() if _POLICY_TAG not in each.tags]
        return [json.dumps([each.current.document, each.tags, _selected(each)], sort_keys=True) for each in others]

    def _plan_by_hand(self) -> None:
        state = self.simulator.state
        version = PlanVersion("by-hand-version", state.now(), _BY_HAND)
        made = Plan("by-hand-plan", 1, PRODUCTION, HOME, state.now(), None, [version])
        state.accounts[PRODUCTION].region(HOME).plans[made.plan_id] = made

    # --- what people do

    def happen(self, what: Happening) -> None:
        """Let somebody do something in AWS."""
        match what:
            case Made(at, vault, part):
                (made,) = self.control.seed(vault.account, vault.region, vault.name, [part])
                made.created = made.completed = START.timestamp() + at
            case Stripped(_, vault):
                self._strip(vault)
            case _:
                raise AssertionError(what)

    def _strip(self, place: Place) -> None:
        """Take our statements out of a vault's policy, if they stand there yet."""
        vault = self._vault(place)
        if vault is None or vault.policy is None:
            return
        left = [each for each in vault.policy.document["Statement"] if not each.get("Sid", "").startswith(OURS)]
        document = {**vault.policy.document, "Statement": left}
        vault.policy = anchors.anchored(self.simulator.state, document) if left else None

    def lose(self, place: Place, *, theirs: bool) -> None:
        """Delete a vault with all that is in it; the one who made it makes another one of the same name."""
        vault, state = self._vault(place), self.simulator.state
        if vault is None:
            return
        del state.accounts[place.account].regions[place.region].vaults[place.name]
        key = state.key(vault.key_arn)
        if key is not None:
            keys.retire_of_vault(key, vault)
        self.gone |= {place.arn, *(each.arn for each in vault.points.values())}
        if theirs:
            policy = anchors.anchored(state, {"Version": "2012-10-17", "Statement": [foreign(place.account)]})
            made = Vault(place.name, place.account, place.region, vault.key_arn, state.now(), policy=policy)
            state.accounts[made.account].region(made.region).vaults[made.name] = made
            if key is not None and key.manager == "CUSTOMER":
                keys.grant_to_vault(key, made, made.created)


def _scope(request: Request) -> tuple[str, str, str]:
    """Return Region, service and key id that a request says it is from."""
    scope = request.headers["authorization"].partition("Credential=")[2].partition(",")[0].split("/")
    return scope[2], scope[3], scope[0]


def _selected(plan: Plan) -> list[Json]:
    return [dict(each.document) for each in plan.selections.values()]
