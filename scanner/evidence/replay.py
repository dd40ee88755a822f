"""Replay: judge again from what was stored, without the network, and hold the verdicts against the recorded ones."""

import re
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from scanner import __version__
from scanner.estate_checks import EstateCheck
from scanner.estate_judge import EstateJudge
from scanner.findings import Finding, State
from scanner.journal import SUFFIX, AlteredError, Journal, JournalError, newest_run
from scanner.judge import Judge
from scanner.locale.details import detail_text
from scanner.locale.speech import Speaker, reason_of, say, spoken
from scanner.locale.values import said_day, write_number
from scanner.plugins import NO_PLUGINS, Plugins
from scanner.policies import policy_names
from scanner.registry import Check, RegistryError
from scanner.reports.observations_jsonl import MAX_LINE_BYTES, read_observations
from scanner.reports.result_json import result_json
from scanner.run import CheckUsed, PluginUsed, Run

OBSERVATIONS = "observations.jsonl"
RESULT = "result.json"


class Difference(msgspec.Struct, frozen=True):
    """One finding that came out otherwise. `recorded` and `derived` are state and outcome, None for one that is missing."""

    check: str
    target: str
    subject: str
    recorded: str | None
    derived: str | None
    newer_rule: bool


class PluginGap(msgspec.Struct, frozen=True):
    """A plug-in that took part in the run and is not loaded here as it was then.

    `here` is the version that is, None for none; it is the recorded one when the files are others all the same. `checks` are
    those of the run that are its own.
    """

    recorded: PluginUsed
    here: str | None
    checks: tuple[str, ...]


class Replayed(msgspec.Struct, frozen=True):
    """What a replay showed.

    `rejudged` names checks whose version differs from the recorded one: they were re-judged by a newer rule. `missing`
    names recorded checks this version does not have. `altered` says what no longer matches its digest. `plugins` are those
    that are not the recorded ones; what they observed or judged is not confirmed without them.
    """

    run: str
    targets: int
    identical: int
    differences: tuple[Difference, ...]
    rejudged: tuple[tuple[str, int, int], ...]
    missing: tuple[str, ...]
    altered: tuple[str, ...]
    plugins: tuple[PluginGap, ...] = ()

    @property
    def confirmed(self) -> bool:
        """Whether every verdict was derived again as recorded, or differs only by a newer rule, and nothing is altered."""
        lacking = self.altered or self.missing or self.plugins
        return not lacking and all(it.newer_rule for it in self.differences)


def open_evidence(path: Path) -> Journal:
    """The journal behind a path: a journal file, a folder with `observations.jsonl`, or a state folder (its newest run).

    Raises JournalError, AlteredError.
    """
    if path.is_file():
        return Journal.open(path) if path.suffix == SUFFIX else _from_lines(path)
    if not path.is_dir():
        raise JournalError(say("{path}: no such file or folder", path=path))
    if (path / OBSERVATIONS).is_file():
        return _from_lines(path / OBSERVATIONS)
    newest = newest_run(path) or newest_run(path / "runs")
    if newest is not None:
        return Journal.open(newest)
    raise JournalError(
        say(
            "{path}: neither {observations} nor a {suffix} file in it; give the folder of `--out`",
            path=path,
            observations=OBSERVATIONS,
            suffix=SUFFIX,
        )
    )


def _from_lines(path: Path) -> Journal:
    try:
        with path.open("rb") as lines:
            return read_observations(lines)
    except OSError as error:
        raise JournalError(f"{path}: {reason_of(error)}") from error
    except AlteredError as error:
        raise AlteredError(f"{path}: {error}".replace("report RUN ", f"report {_run_named_in(path)} ")) from error
    except JournalError as error:
        raise JournalError(f"{path}: {error}") from error


def _run_named_in(path: Path) -> str:
    """The run an altered file says it is of, for the command to be copied; RUN when it says nothing of the kind."""
    try:
        with path.open("rb") as lines:
            run = msgspec.json.decode(lines.readline(MAX_LINE_BYTES), type=_First).manifest.run
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return "RUN"
    return run if _RUN_ID.fullmatch(run) else "RUN"


_RUN_ID = re.compile(r"[0-9A-Za-z-]{1,40}")
"""What is pasted into a shell is nothing but a name."""


class _FirstManifest(msgspec.Struct):
    run: str


class _First(msgspec.Struct):
    manifest: _FirstManifest


def replay(journal: Journal, checks: Mapping[str, Check], plugins: Plugins = NO_PLUGINS) -> Replayed:
    """Judge every target of a journal again, by plug-ins that the run names only where they are loaded already.

    Raises JournalError for one that cannot be read at all.
    """
    run = Run(journal)
    used = {entry.id: entry for entry in run.manifest.checks}
    known = _by_any_id(checks)
    present = {name: known[name] for name in used if name in known and _can_judge(known[name], used[name])}
    newer = tuple(
        (name, used[name].version, check.version)
        for name, check in present.items()
        if check.version > used[name].version
    )
    recorded_as = {check.id: used[name] for name, check in present.items()}
    judge = Judge(run, tuple(present.values()), kinds=plugins.observations)
    altered = (*_altered(journal), *_left_out(run))
    identical = 0
    differences: list[Difference] = []
    rules = {present[name].id for name, _, _ in newer}

    def compare(recorded: _Found, derived: _Found) -> None:
        nonlocal identical
        for key in dict.fromkeys([*recorded, *derived]):
            before, after = recorded.get(key), derived.get(key)
            if before is not None and after is not None and before == _as_of_then(after, recorded_as[after.check]):
                identical += 1
            else:
                differences.append(_difference(before, after, rules))

    # What was concluded by holding targets against one another is compared when all of them have been judged again.
    of_the_estate = {name for name, check in present.items() if isinstance(check, EstateCheck)}
    of_the_estate |= {present[name].id for name in of_the_estate}
    recorded_last: _Found = {}
    derived_last: _Found = {}
    targets = 0
    with Journal.in_memory() as noted:
        for record in journal.targets():
            targets += 1
            judged = judge.judge_and_note(record.id)
            noted.put_facts(judged.facts)
            recorded, later = _parted(journal.findings(record.id), of_the_estate)
            recorded_last |= later
            derived, later = _parted(map(as_stored, judged.findings), of_the_estate)
            derived_last |= later
            compare(recorded, derived)
        whole = EstateJudge(run, judge, present.values(), noted)
        derived_last |= {(it.target, it.fingerprint): as_stored(it) for it in whole.judge()}
    compare(recorded_last, derived_last)
    return Replayed(
        run=run.id,
        targets=targets,
        identical=identical,
        differences=tuple(differences),
        rejudged=newer,
        missing=tuple(name for name in used if name not in present),
        altered=altered,
        plugins=tuple(_gaps(run, plugins)),
    )


def _gaps(run: Run, plugins: Plugins) -> Iterator[PluginGap]:
    """The run's plug-ins that judged or observed something and are others here; reports and frameworks derive no verdict."""
    here = {it.distribution: it for it in plugins.used}
    for recorded in run.manifest.plugins:
        if not recorded.areas:
            continue
        found = here.get(recorded.distribution)
        other_files = (
            found is not None and "" not in (found.digest, recorded.digest) and found.digest != recorded.digest
        )
        if found is None or found.version != recorded.version or other_files:
            own = tuple(it.id for it in run.manifest.checks if it.id.partition(".")[0] in recorded.areas)
            yield PluginGap(recorded, None if found is None else found.version, own)


_Found = dict[tuple[str, str], Finding]
"""Findings by target and fingerprint."""


def _parted(findings: Iterable[Finding], of_the_estate: Container[str]) -> tuple[_Found, _Found]:
    """Findings by key: those of checks that look at one target, and those of checks of the whole estate."""
    parts: tuple[_Found, _Found] = ({}, {})
    for finding in findings:
        parts[finding.check in of_the_estate][finding.target, finding.fingerprint] = finding
    return parts


def as_stored(finding: Finding) -> Finding:
    """A finding as it reads back from the journal, where times and durations in its arguments have become text."""
    return msgspec.json.decode(msgspec.json.encode(finding), type=Finding)


def _as_of_then(finding: Finding, used: CheckUsed) -> Finding:
    """The finding under the name and version its check had then: that these are others now is told by itself."""
    return msgspec.structs.replace(finding, check=used.id, check_version=used.version)


def against_result(path: Path, journal: Journal) -> tuple[str, ...]:
    """What `result.json` beside the evidence says otherwise than the evidence itself."""
    try:
        raw = path.read_bytes()
        stored = msgspec.json.decode(raw, type=_Result)
    except (OSError, msgspec.MsgspecError) as error:
        return (say("{name}: cannot be read: {error}", name=path.name, error=error),)
    problems: list[str] = []
    run = Run(journal)
    if stored.run.manifest != run.manifest_digest:
        problems.append(say("{name}: belongs to another manifest than the observations beside it", name=path.name))
    if sorted(stored.observations) != list(journal.digests()):
        problems.append(say("{name}: lists other observations than there are", name=path.name))
    if run.manifest.tool.pindai == __version__:
        # The version that wrote it writes the same again. Another may count otherwise, which is no forgery.
        read = msgspec.json.decode(raw, type=dict[str, object])
        fresh = msgspec.json.decode(b"".join(result_json(run, _policies_of(stored))), type=dict[str, object])
        problems += [
            say("{name}: {section!r} is not what the observations beside it give", name=path.name, section=section)
            for section in dict.fromkeys([*fresh, *read])
            if section not in _TOLD_APART and read.get(section) != fresh.get(section)
        ]
    by_key = {(finding.target, finding.fingerprint): finding for finding in stored.findings}
    recorded = {(finding.target, finding.fingerprint): finding for finding in run.findings()}
    problems += [
        say(
            "{name}: the finding {check} about {target} differs from the recorded one",
            name=path.name,
            check=check,
            target=target,
        )
        for check, target in dict.fromkeys(
            ((by_key.get(key) or recorded[key]).check, key[0])
            for key in dict.fromkeys([*by_key, *recorded])
            if by_key.get(key) != recorded.get(key)
        )
    ]
    return tuple(problems)


_TOLD_APART = frozenset({"findings", "observations"})
"""Sections of a result whose differences are named one by one."""


def _policies_of(stored: "_Result") -> tuple[str, ...]:
    """The TLS policies that a result was written with, as far as they are known here."""
    told = () if stored.tls_policies is None else stored.tls_policies.policies
    known = policy_names()
    return tuple(it.name for it in told if it.name in known)


class _ResultRun(msgspec.Struct):
    manifest: str


class _PolicyNamed(msgspec.Struct):
    name: str


class _PoliciesNamed(msgspec.Struct):
    policies: list[_PolicyNamed]


class _Result(msgspec.Struct):
    run: _ResultRun
    findings: list[Finding]
    observations: list[str]
    tls_policies: _PoliciesNamed | None = None


def _altered(journal: Journal) -> tuple[str, ...]:
    """Every observation that is gone or whose bytes no longer have its digest, also those that no check reads."""
    problems: list[str] = []
    present: set[str] = set()
    for digest in journal.digests():
        present.add(digest)
        try:
            journal.stored(digest)
        except AlteredError as error:
            problems.append(detail_text(str(error), spoken()))
    filed = {digest: record.id for record in journal.targets() for digest in journal.filed(record.id).values()}
    problems += [
        say(
            "{path}: the observation {digest} about {target} is missing",
            path=journal.path,
            digest=digest,
            target=target,
        )
        for digest, target in sorted(filed.items(), key=repr)  # what was altered may be no text any more
        if digest not in present
    ]
    return tuple(problems)


def _left_out(run: Run) -> tuple[str, ...]:
    """Targets of a run that came to its end and of which nothing is stored."""
    if run.ending is None or run.ending.interrupted:
        return ()
    return tuple(
        say("{id}: nothing is stored about this target", id=target.id)
        for target, record in run.targets()
        if record is None
    )


def _can_judge(check: Check, used: CheckUsed) -> bool:
    """Whether this check can stand in for the recorded one: not an older rule, and with the same thresholds."""
    if check.version < used.version:
        return False
    try:
        check.with_params(used.params)
    except RegistryError:
        return False
    return True


def _by_any_id(checks: Mapping[str, Check]) -> dict[str, Check]:
    return {name: check for check in checks.values() for name in (*check.was, check.id)}


def _difference(before: Finding | None, after: Finding | None, newer: set[str]) -> Difference:
    either = after or before
    assert either is not None
    return Difference(
        check=either.check,
        target=either.target,
        subject=either.subject.key,
        recorded=_said(before),
        derived=_said(after),
        newer_rule=either.check in newer,
    )


def _said(finding: Finding | None) -> str | None:
    if finding is None:
        return None
    said = finding.outcome if finding.state in (State.PASS, State.FAIL) else finding.state.value
    return (
        said
        if finding.waiver is None
        else say("{said} (accepted until {until})", said=said, until=said_day(finding.waiver.until))
    )


def summary(replayed: Replayed, problems: Sequence[str], language: str) -> list[str]:
    """The replay in lines for people."""
    speaker = Speaker(language)
    lines = [
        speaker.say(
            "run {run}: {targets} targets, {identical} verdicts identical",
            run=replayed.run,
            targets=write_number(replayed.targets, language),
            identical=write_number(replayed.identical, language),
        )
    ]
    lines += [*replayed.altered, *problems]
    for name, before, after in replayed.rejudged:
        lines.append(f"{name}: {speaker.say('re-judged by a newer rule')} ({before} -> {after})")
    lines += [_told_of(gap, speaker) for gap in replayed.plugins]
    lacking = {check for gap in replayed.plugins if gap.here is None for check in gap.checks}
    for name in replayed.missing:
        if name in lacking:
            continue  # told with its plug-in
        lines.append(f"{name}: {speaker.say('not in this version')}")
    for it in replayed.differences:
        if it.check in lacking:
            continue
        word = speaker.say("newer rule") if it.newer_rule else "!"
        lines.append(f"{word} {it.target} {it.check} {it.subject}: {it.recorded} -> {it.derived}")
    return lines


def _told_of(gap: PluginGap, speaker: Speaker) -> str:
    """What is wrong with a plug-in, and how the recorded one is had."""
    name, version = gap.recorded.distribution, gap.recorded.version
    if gap.here is None:
        return speaker.say(
            "the plug-in {name} {version} took part in this run and is not loaded here, so its verdicts ({checks}) were not "
            "derived again; install it (pip install {name}=={version}) and allow it: --plugin {name}",
            name=name,
            version=version,
            checks=", ".join(gap.checks) or "-",
        )
    if gap.here != version:
        return speaker.say(
            "the plug-in {name} took part as {version}, and here it is {here}, so its verdicts are not confirmed; install "
            "the recorded one: pip install {name}=={version}",
            name=name,
            version=version,
            here=gap.here,
        )
    return speaker.say(
        "the plug-in {name} {version} has other files here than it had in this run, so its verdicts are not confirmed; "
        "compare them with the distribution as it was published",
        name=name,
        version=version,
    )
