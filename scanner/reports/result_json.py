"""`result.json`: the machine-readable result, versioned, described by `schema/result.schema.json`."""

from collections.abc import Iterator, Sequence

import msgspec

from scanner.assessment import assess
from scanner.clauses.assess import assess_clauses
from scanner.clauses.assessed import ClauseInShort, ClauseState, in_short
from scanner.estate import Target
from scanner.history.night import TYPED
from scanner.journal import TargetRecord
from scanner.json_text import inert
from scanner.run import Run

SCHEMA = "pindai-result-1"

_encoder = msgspec.json.Encoder(order="sorted")


def result_json(run: Run, tls_policies: Sequence[str] = ()) -> Iterator[bytes]:
    """The whole result, inert on a terminal; with what these TLS policies, which decide nothing, say, where any is named."""
    return map(inert, _pieces(run, tls_policies))


def _pieces(run: Run, tls_policies: Sequence[str]) -> Iterator[bytes]:
    """The whole result, one line a target and a finding, so that two results can be compared with line tools."""
    yield b'{"schema":' + _encoder.encode(SCHEMA)
    yield b',\n"run":' + _encoder.encode(_run(run))
    yield b',\n"targets":'
    yield from _listed(_encoder.encode(_target(target, record)) for target, record in run.targets())
    yield b',\n"findings":'
    yield from _listed(_encoder.encode(finding) for finding in run.findings())
    yield b',\n"assessment":' + _encoder.encode(_assessment(run))
    if tls_policies:
        from scanner.reports.tls_policies import policies_told  # reads what most results do without

        yield b',\n"tls_policies":' + _encoder.encode(policies_told(run, tls_policies))
    yield b',\n"observations":'
    yield from _listed(_encoder.encode(digest) for digest in run.journal.digests())
    yield b"}\n"


def _assessment(run: Run) -> dict[str, object]:
    """The sums of the run; and what it says about clauses, but for URLs typed by hand, whose services nobody named."""
    sums = assess(run)
    told: dict[str, object] = {name: getattr(sums, name) for name in sums.__struct_fields__}
    return told | {"clauses": None if run.manifest.estate.source == TYPED else _clauses(run)}


def _clauses(run: Run) -> list[ClauseInShort]:
    """The clauses that something speaks to, by the frameworks that ship: whoever verifies the run has the same."""
    from scanner.frameworks.loading import load_rulebook  # reads with pydantic, which a scan of a URL does without
    from scanner.registry import discover

    checks = discover()
    assessed = assess_clauses(run, load_rulebook((), checks), checks)
    return [in_short(it) for it in assessed.clauses if it.state is not ClauseState.MANUAL]


def _listed(items: Iterator[bytes]) -> Iterator[bytes]:
    separator = b"[\n"
    for item in items:
        yield separator + item
        separator = b",\n"
    yield b"\n]" if separator == b",\n" else b"[]"


def _run(run: Run) -> dict[str, object]:
    manifest, ending = run.manifest, run.ending
    return {
        "id": manifest.run,
        "started": manifest.started,
        "ended": None if ending is None else ending.ended,
        "complete": run.complete,
        "traffic": {} if ending is None else ending.traffic,
        "refused": {} if ending is None else ending.refused,
        "interrupted": "" if ending is None else ending.interrupted,
        "doubts": () if ending is None else ending.doubts,
        "clock_jump_s": 0.0 if ending is None else ending.clock_jump_s,
        "tool": manifest.tool,
        "agent": manifest.agent,
        "agency": manifest.estate.agency,
        "time_zone": manifest.estate.time_zone,
        "targets_from": manifest.estate.source,
        "marking": manifest.estate.marking,
        "vantage": _whole(manifest.estate.vantage),
        "authorisation": None if manifest.estate.authorisation is None else _whole(manifest.estate.authorisation),
        "problems": manifest.estate.problems,
        "profile": {"name": manifest.profile.name, "version": manifest.profile.version},
        "resolvers": manifest.resolvers,
        "checks": manifest.checks,
        "plugins": manifest.plugins,
        "manifest": run.manifest_digest,
    }


def _whole(value: msgspec.Struct) -> dict[str, object]:
    """Every field, also one that is stored only when it differs from its default."""
    return {name: getattr(value, name) for name in value.__struct_fields__}


def _target(target: Target, record: TargetRecord | None) -> dict[str, object]:
    return {
        "id": target.id,
        "url": target.url,
        "service": target.service,
        "unit": target.unit,
        "contact": target.contact,
        "category": target.category,
        "environment": target.environment,
        "kinds": target.kinds,
        "standing": "not_reached" if record is None else record.standing,
        "reason": None if record is None else record.reason or None,
        "detail": "" if record is None else record.detail,
        "started": None if record is None else record.started,
        "ended": None if record is None else record.ended,
        "used": None if record is None else record.used,
        "ceiling": None if record is None else record.ceiling,
        "contacted": () if record is None else record.contacted,
    }
