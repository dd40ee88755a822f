"""Runs night after night, of which is said outright what each found; nothing touches a network."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from observed import manifest, record, resolved

from scanner.estate import Target, Vantage, VantagePoint
from scanner.findings import AcceptedUntil, Finding, FixedBy, Message, Sighting, State, Subject, fingerprint
from scanner.journal import Journal
from scanner.observations.observation import digest, encode
from scanner.observations.steps import Reason, Replay
from scanner.plan import resolving
from scanner.run import CheckUsed, Ending, Run

FIRST = datetime(2026, 11, 1, 17, tzinfo=UTC)
HSTS, EXPIRY = "web.hsts.policy", "tls.certificate.expiry"
WWW, PPID = "www", "ppid"


def targets(*names: str, **fields: Any) -> tuple[Target, ...]:
    """Web targets, each of a unit called like it."""
    return tuple(Target(id=it, url=f"https://{it}.contoh.test/", unit=f"Dinas {it}", **fields) for it in names)


def said(
    state: State = State.FAIL,
    severity: str = "high",
    *,
    of: str = WWW,
    check: str = HSTS,
    version: int = 1,
    accepted: bool = False,
    cookie: str = "",
    at: tuple[str, ...] = (),
) -> Finding:
    """A verdict about the service itself, or one of its cookies, seen at addresses; its evidence tells states apart."""
    subject = Subject("cookie", cookie) if cookie else Subject("service", of)
    failed = state is State.FAIL
    return Finding(
        check=check,
        check_version=version,
        target=of,
        subject=subject,
        state=state,
        outcome=state.value,
        severity=severity if failed else None,
        message=Message("Kalimat", "Sentence"),
        expected=None,
        found=None,
        reason=Reason.BLOCKED if state is State.UNKNOWN else None,
        evidence=(f"sha256:{state.value.encode().hex():0<64}",),
        fingerprint=fingerprint(check, of, subject),
        fixed_by=FixedBy.WEB_SERVER,
        replay=Replay.DERIVED,
        sightings=tuple(Sighting(address, state, state.value) for address in at),
        waiver=AcceptedUntil(date(2026, 12, 31), "Kepala Bidang", "Diganti") if failed and accepted else None,
    )


def night(
    number: float,
    *findings: Finding,
    names: Iterable[str] = (WWW, PPID),
    at: datetime | None = None,
    folder: Path | None = None,
    complete: bool = True,
    ended: bool = True,
    versions: Mapping[str, int] | None = None,
    params: Mapping[str, dict[str, object]] | None = None,
    fields: Mapping[str, Any] | None = None,
    vantage: Vantage = Vantage.INTERNET,
    addresses: tuple[str, ...] = (),
    **estate: Any,
) -> Run:
    """The run of a night, counted in days from the first one. Without `complete` its last target was never reached; names
    had these addresses.
    """
    started = at or FIRST + timedelta(days=number)
    asked = manifest(
        targets(*names, **(fields or {})),
        [],
        vantage=VantagePoint(vantage),
        **{"agency": "Kota Contoh", "source": "targets.toml", "time_zone": "Asia/Jakarta", **estate},
    )
    used = versions if versions is not None else {HSTS: 1, EXPIRY: 1}
    asked = msgspec.structs.replace(
        asked,
        run=f"{started:%Y%m%dT%H%M%S}000-{round(number * 10) % 0x10000:04x}",
        started=started,
        checks=tuple(CheckUsed(check, version, (params or {}).get(check, {})) for check, version in used.items()),
    )
    journal = Journal.in_memory() if folder is None else Journal.create(folder / f"{asked.run}.journal")
    journal.put_manifest(msgspec.json.encode(asked))
    reached = list(names) if complete else list(names)[:-1]
    for name in reached:
        stored = encode(resolved(*addresses, host=f"{name}.contoh.test"))
        filed = {resolving(Target(id=name, url=f"https://{name}.contoh.test/")).key: digest(stored)}
        journal.commit(record(name), *((filed, {digest(stored): stored}) if addresses else ({}, {})))
        journal.put_findings(name, [it for it in findings if it.target == name])
    if ended:
        journal.put_end(msgspec.json.encode(Ending(started + timedelta(hours=1), "" if complete else "SIGTERM")))
    return Run(journal)


def kept(folder: Path, *runs: Run) -> None:
    """Close the journals of runs that were made in a folder."""
    for run in runs:
        run.journal.close()
