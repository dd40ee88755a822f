"""The judge: decodes what was stored, evaluates needs, calls checks, writes findings.

It reads the journal and nothing else, so judging right after the scan and judging years later are the same act. A check
that raises, yields nothing, says what is not in its table, or does not end, becomes `error`, and the next check runs.
"""

import fnmatch
import logging
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from types import FrameType
from typing import Any, TypeVar, Union, cast

import msgspec

from scanner.estate import AddressPolicy, Target, Vantage, Waiver
from scanner.estate_checks import MAX_DETAIL_CHARS, MAX_FACTS, MAX_KEY_CHARS, EstateCheck, EstateView
from scanner.findings import AcceptedUntil, Finding, FixedBy, Message, Severity, State, Subject, fingerprint, merge
from scanner.journal import AlteredError, FactRow, Journal
from scanner.locale.reasons import render_unknown
from scanner.locale.values import local, render
from scanner.needs import OUR_FAULTS, EstateFact, Evaluated, Need, Place, gather
from scanner.observations.dns import Climb, DnsAnswer
from scanner.observations.endpoint import Addresses, Resolution, Source
from scanner.observations.http import Choice, Exchange, RedirectChain, Tries
from scanner.observations.observation import Crashed, Observation, Withheld
from scanner.observations.pki import IssuerAnswer, IssuerAsked
from scanner.observations.steps import NotApplicable, Reason, Unobserved, weakest
from scanner.observations.tls import TlsHellos
from scanner.observations.tls_ech import EchTried
from scanner.observations.tls_quic import QuicTried
from scanner.observations.tls_sessions import TlsSessions
from scanner.observations.tls_trials import TlsTrials
from scanner.observations.trust import TrustStore
from scanner.outcomes import Outcome, OutcomeBase, Undecided, Verdict, bounded
from scanner.plan import checks_for, choosing, disabled_for, endpoints_of, places_of, resolving
from scanner.probes.probe import Probe
from scanner.registry import Check, CheckParams
from scanner.run import Run

T = TypeVar("T")
CHECK_SECONDS = 10.0
"""Longest a single check may think about a single place."""
MAX_VERDICTS = 2000

ANY_OBSERVATION = (
    Exchange
    | RedirectChain
    | Tries
    | Choice
    | DnsAnswer
    | Climb
    | Resolution
    | TrustStore
    | TlsHellos
    | EchTried
    | QuicTried
    | TlsSessions
    | TlsTrials
    | IssuerAnswer
    | IssuerAsked
    | Crashed
    | Withheld
)

log = logging.getLogger("pindai.judge")


class CheckTimeout(BaseException):
    """A check did not end in time. Not an Exception, so that a check cannot swallow it."""


class Evidence:
    """Decodes stored observations; trust stores, large and the same for all targets, are kept decoded."""

    def __init__(self, journal: Journal, kinds: Sequence[type[Observation]] = ()) -> None:
        self._journal = journal
        self._decoder = msgspec.json.Decoder(Union[(ANY_OBSERVATION, *kinds)] if kinds else ANY_OBSERVATION)
        self._kept: dict[str, Observation] = {}

    def by_digest(self, digest: str) -> Observation | None:
        """The observation of this digest, None when the run does not have it. Raises AlteredError."""
        if (kept := self._kept.get(digest)) is not None:
            return kept
        stored = self._journal.stored(digest)
        if stored is None:
            return None
        try:
            observation: Observation = self._decoder.decode(stored)
        except msgspec.MsgspecError as error:
            if (kind := _foreign_kind(stored)) is not None:
                return _not_readable(
                    f"an observation of the kind {kind}, which no plug-in loaded here can read: {error}"
                )
            raise AlteredError(f"the observation {digest} cannot be read: {error}") from error
        if isinstance(observation, TrustStore):
            self._kept[digest] = observation
        return observation


class _Kind(msgspec.Struct):
    kind: str


def _foreign_kind(stored: bytes) -> str | None:
    """The kind of an observation that a plug-in made, which its area tells; None for one of our own, or for none."""
    try:
        kind = msgspec.json.decode(stored, type=_Kind).kind
    except msgspec.MsgspecError:
        return None
    return kind if "." in kind else None


def _not_readable(detail: str) -> Withheld:
    """Stands for what is stored and cannot be read without its plug-in: nobody altered it."""
    failure = Unobserved(Reason.NOT_RECORDED, detail)
    return Withheld(started=datetime.fromtimestamp(0, UTC), took_ms=0.0, failure=failure)


class TargetFacts:
    """What was stored about one target, as needs see it; every value is computed once."""

    def __init__(self, filed: Mapping[str, str], evidence: Evidence) -> None:
        self._filed = filed
        self._evidence = evidence
        self._memo: dict[tuple[Any, ...], Evaluated[Any]] = {}
        self._decoded: dict[str, Observation | None] = {}

    def stored(self, probe: Probe[Any]) -> tuple[Observation, str] | None:
        """The observation filed under this probe, and its digest."""
        digest = self._filed.get(probe.key)
        observation = None if digest is None else self.by_digest(digest)
        return None if observation is None or digest is None else (observation, digest)

    def by_digest(self, digest: str) -> Observation | None:
        """An observation by its digest; one that was altered is a fault of the store, not of the target."""
        if digest not in self._decoded:
            try:
                self._decoded[digest] = self._evidence.by_digest(digest)
            except AlteredError as error:
                log.error("%s", error)  # noqa: TRY400 - the message says it all, a traceback would hide it
                self._decoded[digest] = _altered(str(error))
        return self._decoded[digest]

    def evaluate(self, need: Need[T], place: Place) -> Evaluated[T]:
        """The need's value at a place, computed once."""
        key = (id(need), *place.key)
        if (known := self._memo.get(key)) is None:
            known = self._memo[key] = need.evaluate(self, place)
        return cast("Evaluated[T]", known)


def _altered(detail: str) -> Crashed:
    return Crashed(started=datetime.fromtimestamp(0, UTC), took_ms=0.0, failure=Unobserved(Reason.ALTERED, detail))


class Judge:
    """Judges the targets of one run with the checks given; `kinds` are observations that plug-ins add."""

    def __init__(
        self,
        run: Run,
        checks: Sequence[Check],
        on_check: Callable[[str], None] | None = None,
        *,
        kinds: Sequence[type[Observation]] = (),
    ) -> None:
        self._run = run
        self._checks = tuple(checks)
        self._by_id = {check.id: check for check in self._checks}
        estate = run.manifest.estate
        self._zone, self._vantage = estate.time_zone, estate.vantage.kind
        # By the day on which the run began: judged again years later, the same waivers are in force.
        today = local(run.manifest.started, estate.time_zone).date()
        self._waivers = tuple(waiver for waiver in estate.waivers if today <= waiver.until)
        self._estate_params = {used.id: used.params for used in run.manifest.checks}
        self._params: dict[tuple[str, str], CheckParams | None] = {}
        for check in self._checks:
            self._params_for(check, "", {})
        self._evidence = Evidence(run.journal, kinds)
        self._on_check = on_check or (lambda _: None)
        self._view = EstateView(estate)

    def judge(self, target_id: str, skip: frozenset[str] = frozenset()) -> tuple[Finding, ...]:
        """All findings about one target. `skip` names checks that are known not to end."""
        return self.judge_and_note(target_id, skip).findings

    def judge_and_note(self, target_id: str, skip: frozenset[str] = frozenset()) -> "Judged":
        """All findings about one target, and the facts about it that will be held against those of the others."""
        with alarm:
            return self._judge(target_id, skip)

    def _judge(self, target_id: str, skip: frozenset[str]) -> "Judged":
        target = self._run.target(target_id)
        manifest = self._run.manifest
        facts = TargetFacts(self._run.journal.filed(target_id), self._evidence)
        root = Place(target, manifest.setting)
        resolve = resolving(target, manifest.setting.redirections)
        stored = facts.stored(resolve)
        failure: Unobserved | None = None
        beyond: Unobserved | None = None
        if stored is None or not isinstance(stored[0], Resolution) or not resolve.is_answered_by(stored[0]):
            failure = Unobserved(Reason.NOT_RECORDED, "this run has no resolution of the target")
            if stored is not None and isinstance(stored[0], Crashed | Withheld):
                failure = stored[0].failure
            places = [root]
        else:
            outcome = stored[0].outcome
            endpoints = endpoints_of(target, outcome, manifest.estate.redirections, manifest.profile.caps.addresses)
            choosing_probe = choosing(target, manifest.setting, endpoints)
            chosen = None if choosing_probe is None else facts.stored(choosing_probe)
            choice = chosen[0] if chosen is not None and isinstance(chosen[0], Choice) else None
            places = list(places_of(target, manifest.setting, endpoints, choice))
            beyond = _beyond(target, outcome, len(endpoints))
            if isinstance(outcome, Unobserved) and not endpoints:
                failure = outcome
            elif chosen is not None and isinstance(chosen[0], Crashed | Withheld):
                failure, places = chosen[0].failure, [root]
        about = About(self._zone, self._vantage, failure, frozenset() if stored is None else frozenset({stored[1]}))
        sightings: list[tuple[str, Finding]] = []
        noted: list[FactRow] = []
        for check in checks_for(target, self._checks):
            self._on_check(check.id)
            before = len(sightings)
            rows: list[FactRow] = []
            for place in places:
                address = "" if place.endpoint is None else place.endpoint.address
                if failure is not None and failure.reason in OUR_FAULTS:
                    verdicts = [about.error(check, place, failure.detail, failure.reason, about.resolution)]
                elif check.id in skip:
                    verdicts = [about.error(check, place, f"the check did not end within {CHECK_SECONDS:g} s")]
                elif isinstance(check, EstateCheck):
                    verdicts = self._note(check, facts, place, about, rows)
                else:
                    verdicts = self._run_check(check, facts, place, about)
                sightings += [(address, finding) for finding in verdicts]
            if beyond is not None:
                sightings.append(("", about.obstacle(check, root, beyond, about.resolution)))
            if len(sightings) > before:  # something about this target is open: nothing speaks for it
                rows = [row for row in rows if row.key]
            noted += rows
        sightings += [
            ("", about.switched_off(check, root, off.reason)) for check, off in disabled_for(target, self._checks)
        ]
        return Judged(tuple(map(self.accepted, merge(sightings))), tuple(noted))

    def accepted(self, finding: Finding) -> Finding:
        """The finding, with the waiver that accepts it for longest, where there is one."""
        if not self._waivers or finding.state is not State.FAIL:
            return finding
        check = self._by_id[finding.check]
        waiver = max((it for it in self._waivers if accepts(it, check, finding)), key=lambda it: it.until, default=None)
        if waiver is None:
            return finding
        accepted = AcceptedUntil(waiver.until, waiver.approved_by, waiver.reason)
        return msgspec.structs.replace(finding, waiver=accepted)

    def _note(
        self, check: EstateCheck, facts: TargetFacts, place: Place, about: "About", rows: list[FactRow]
    ) -> list[Finding]:
        """Note what a check of the whole estate wants to know of one place; what stands in the way is concluded now."""
        try:
            with time_limit(CHECK_SECONDS):
                if (why := check.applies(self._view)) is not None:
                    return [about.obstacle(check, place, why, frozenset())]
                found = facts.evaluate(check.facts, place)
                value = found.value
                if not isinstance(value, Unobserved | NotApplicable):
                    value = tuple(fact for fact in value if check.wanted(fact, self._view))
        except CheckTimeout:
            return [about.error(check, place, f"the check did not end within {CHECK_SECONDS:g} s")]
        except Exception as error:  # the barrier around one check: our fault must not end the run
            log.exception("check %s crashed on %s", check.id, place.target.id)
            return [about.error(check, place, f"{type(error).__name__}: {error}")]
        if isinstance(value, Unobserved | NotApplicable):
            return [about.obstacle(check, place, value, found.evidence)]
        row = FactRow(
            kind=check.id,
            key="",
            target=place.target.id,
            address="" if place.endpoint is None else place.endpoint.address,
            evidence=tuple(sorted(found.evidence)),
            replay=weakest(found.levels),
        )
        rows.append(row)
        kept = [fact for fact in value if _is_small(fact)]
        rows += [msgspec.structs.replace(row, key=it.key, detail=it.detail) for it in kept[:MAX_FACTS]]
        if len(kept) < len(value) or len(kept) > MAX_FACTS:
            rest = Unobserved(Reason.TOO_LARGE, f"more than {MAX_FACTS} facts, or longer ones than are compared")
            return [about.obstacle(check, place, rest, found.evidence)]
        return []

    def _run_check(self, check: Check, facts: TargetFacts, place: Place, about: "About") -> list[Finding]:
        """One check at one place, behind its barrier; what was concluded before it broke stands."""
        findings: list[Finding] = []
        try:
            with time_limit(CHECK_SECONDS):
                for spot, obstacle in self._spots(check, facts, place):
                    try:
                        for finding in self._at_spot(check, facts, spot, obstacle, about):
                            findings.append(finding)  # noqa: PERF402 - one by one: the next may raise
                    except Exception as error:  # one item that breaks a check must not hide what was proven on another
                        log.exception("check %s crashed on %s", check.id, place.target.id)
                        findings.append(about.error(check, spot, f"{type(error).__name__}: {error}"))
        except CheckTimeout:
            findings.append(about.error(check, place, f"the check did not end within {CHECK_SECONDS:g} s"))
        except Exception as error:  # the barrier around one check: our fault must not end the run
            log.exception("check %s crashed on %s", check.id, place.target.id)
            findings.append(about.error(check, place, f"{type(error).__name__}: {error}"))
        return findings

    def _params_at(self, target: Target, check: Check) -> CheckParams | None:
        """A check's thresholds at a target: as the run had them, so that a verdict is judged by the values of its day."""
        return self._params_for(check, target.id if target.params else "", target.params)

    def _params_for(self, check: Check, target_id: str, own: Mapping[str, dict[str, object]]) -> CheckParams | None:
        key = (check.id, target_id)
        if key not in self._params:
            names = (check.id, *check.was)
            values: dict[str, object] = {}
            for source in (self._estate_params, own):
                values |= next((source[name] for name in names if name in source), {})
            self._params[key] = check.with_params(values)
        return self._params[key]

    def _spots(self, check: Check, facts: TargetFacts, place: Place) -> Iterator[tuple[Place, Evaluated[Any] | None]]:
        return iter([(place, None)]) if check.each is None else check.each.places(facts, place)

    def _at_spot(
        self, check: Check, facts: TargetFacts, spot: Place, obstacle: Evaluated[Any] | None, about: "About"
    ) -> Iterator[Finding]:
        if obstacle is not None:
            assert isinstance(obstacle.value, Unobserved | NotApplicable)
            yield about.obstacle(check, spot, obstacle.value, obstacle.evidence)
            return
        values, evidence, levels, why = gather(facts, check.needs, spot)
        if why is not None:
            yield about.obstacle(check, spot, why, evidence)
            return
        params = self._params_at(spot.target, check)
        arguments = values if params is None else [*values, params]
        count = 0
        for verdict in check.judge(*arguments):
            count += 1
            if count > MAX_VERDICTS:
                raise RuntimeError(f"more than {MAX_VERDICTS} verdicts")
            yield about.finding(check, spot, verdict, evidence, weakest(levels))
        if count == 0:
            raise RuntimeError("the check yielded no verdict")


class Judged(msgspec.Struct, frozen=True):
    """What was concluded about one target, and the facts about it that checks of the whole estate will hold together."""

    findings: tuple[Finding, ...]
    facts: tuple[FactRow, ...] = ()


def _is_small(fact: EstateFact) -> bool:
    return len(fact.key) <= MAX_KEY_CHARS and sum(map(len, fact.detail)) <= MAX_DETAIL_CHARS


class About(msgspec.Struct, frozen=True):
    """Makes findings of verdicts. `failure` is why the target has no endpoint at all, `resolution` the evidence of it."""

    zone: str
    vantage: Vantage
    failure: Unobserved | None
    resolution: frozenset[str]

    def obstacle(
        self, check: Check, place: Place, why: Unobserved | NotApplicable, evidence: frozenset[str]
    ) -> Finding:
        """A check that could not be called: not applicable, unknown, or our own error."""
        if self.failure is not None and place.endpoint is None and isinstance(why, Unobserved):
            why = self.failure
        if isinstance(why, NotApplicable):
            return self._make(
                check, place, None, State.NOT_APPLICABLE, "not_applicable", Message(id=why.id, en=why.en), evidence
            )
        if why.reason is Reason.NO_ADDRESS or place.endpoint is None:
            evidence |= self.resolution
        if why.reason in OUR_FAULTS:
            return self.error(check, place, why.detail or why.reason.value, why.reason, evidence)
        message = render_unknown(why)
        return self._make(check, place, None, State.UNKNOWN, "unknown", message, evidence, reason=why.reason)

    def switched_off(self, check: Check, place: Place, reason: str) -> Finding:
        """A check that the owner switched off: nothing was asked, so nothing is known."""
        message = render_unknown(Unobserved(Reason.DISABLED, reason))
        return self._make(check, place, None, State.UNKNOWN, "unknown", message, frozenset(), reason=Reason.DISABLED)

    def error(
        self,
        check: Check,
        place: Place,
        detail: str,
        reason: Reason = Reason.INTERNAL,
        evidence: frozenset[str] = frozenset(),
        about: Subject | None = None,
    ) -> Finding:
        """Our own fault, about the service or item in hand unless something else is named."""
        detail = str(bounded(detail))
        message = Message(
            id=f"Kesalahan alat: {detail}", en=f"Error of the tool: {detail}", arguments={"detail": detail}
        )
        return self._make(check, place, about, State.ERROR, "error", message, evidence, reason=reason)

    def finding(self, check: Check, place: Place, verdict: Verdict, evidence: frozenset[str], level: Any) -> Finding:
        """What a check said."""
        outcome = verdict.outcome
        if verdict.unobserved is not None and verdict.unobserved.reason in OUR_FAULTS:
            return self.error(check, place, verdict.unobserved.detail, verdict.unobserved.reason, evidence)
        if verdict.unobserved is None and outcome not in check.outcomes:
            raise ValueError(f"{outcome.key!r} is not in the table of {check.id}")
        if verdict.unobserved is not None:
            message = render_unknown(verdict.unobserved)
        else:
            message = _message(outcome, verdict, self.zone)
        severity = outcome.severity if isinstance(outcome, Outcome) else None
        reason = outcome.reason if isinstance(outcome, Undecided) else None
        if verdict.unobserved is not None:
            reason = verdict.unobserved.reason
        return self._make(
            check,
            place,
            verdict.subject,
            outcome.state,
            outcome.key,
            message,
            evidence,
            severity=severity,
            expected=_shown(verdict.expected, self.zone),
            found=_shown(verdict.found, self.zone),
            reason=reason,
            replay=level,
            fixed_by=outcome.fixed_by if isinstance(outcome, Outcome) else None,
        )

    def _make(
        self,
        check: Check,
        place: Place,
        subject: Subject | None,
        state: State,
        outcome: str,
        message: Message,
        evidence: frozenset[str],
        *,
        severity: Severity | None = None,
        expected: str | None = None,
        found: str | None = None,
        reason: Reason | None = None,
        replay: Any = None,
        fixed_by: FixedBy | None = None,
    ) -> Finding:
        subject = subject or subject_of(place)
        return Finding(
            check=check.id,
            check_version=check.version,
            target=place.target.id,
            subject=subject,
            state=state,
            outcome=outcome,
            severity=None if severity is None else severity.word,
            message=message,
            expected=expected,
            found=found,
            reason=reason,
            evidence=tuple(sorted(evidence)),
            fingerprint=fingerprint(check.first_id, place.target.id, subject),
            fixed_by=fixed_by or check.fixed_by,
            replay=replay,
            vantage=self.vantage,
        )


def accepts(waiver: Waiver, check: Check, finding: Finding) -> bool:
    """Whether a waiver is about this finding of this check; whether it is in force on a day is asked elsewhere."""
    return (
        check.is_named(waiver.checks)
        and fnmatch.fnmatchcase(finding.target, waiver.targets)
        and waiver.subject in ("", finding.subject.key)
    )


def subject_of(place: Place) -> Subject:
    """What a check is about when it names nothing else: the item in hand, or the service at its name and port."""
    if place.items:
        held = place.items[-1]
        return Subject(held.each.name, held.key)
    url = place.target.parsed_url
    return Subject("service", f"{url.host}:{url.port}")


def _message(outcome: OutcomeBase, verdict: Verdict, zone: str) -> Message:
    return Message(
        id=render(outcome.id, verdict.arguments, "id", zone),
        en=render(outcome.en, verdict.arguments, "en", zone),
        arguments=dict(verdict.arguments),
    )


def _shown(value: Any, zone: str) -> str | None:
    return None if value is None else render("{value}", {"value": value}, "en", zone)


def _beyond(target: Target, outcome: Addresses | Unobserved, observed: int) -> Unobserved | None:
    """Why not every address was looked at, when every one should have been: what lies beyond the cap may be otherwise."""
    if target.addresses is not AddressPolicy.ALL or isinstance(outcome, Unobserved) or not observed:
        return None
    total = len(outcome.addresses)
    if outcome.source is Source.OPTION:
        return None
    if total <= observed:
        return outcome.untold
    return Unobserved(Reason.BUDGET, f"{total - observed} of {total} addresses were not observed")


class time_limit:  # noqa: N801 - used like a function
    """Raise CheckTimeout in the block after `seconds` (main thread only; elsewhere the supervisor's patience counts)."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def __enter__(self) -> None:
        alarm.__enter__()
        if alarm.is_set:
            signal.setitimer(signal.ITIMER_REAL, self._seconds)

    def __exit__(self, *_: object) -> None:
        try:
            if alarm.is_set:
                signal.setitimer(signal.ITIMER_REAL, 0)
        finally:  # the alarm may sound here, too
            alarm.__exit__()


class _Alarm:
    """The handler of SIGALRM that raises CheckTimeout, in place while somebody needs it.

    It is put there once a target: to do so for every check would cost as much as a small check.
    """

    def __init__(self) -> None:
        self._users = 0
        self._before: Any = None

    @property
    def is_set(self) -> bool:
        """Whether an alarm would be heard: only the main thread hears them."""
        return self._users > 0 and threading.current_thread() is threading.main_thread()

    def __enter__(self) -> None:
        if threading.current_thread() is threading.main_thread():
            self._users += 1
            if self._users == 1:
                self._before = signal.signal(signal.SIGALRM, self._stop)

    def __exit__(self, *_: object) -> None:
        if threading.current_thread() is threading.main_thread():
            self._users -= 1
            if not self._users:
                signal.signal(signal.SIGALRM, self._before)

    @staticmethod
    def _stop(_number: int, _frame: FrameType | None) -> None:
        raise CheckTimeout


alarm = _Alarm()
