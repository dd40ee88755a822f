"""The rules, one function each; every one yields what is wrong in a line, and nothing when all is well."""

import csv
import inspect
import io
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec

from scanner.check_docs.docstring import shortcomings
from scanner.conformance.cases import Case, Seen
from scanner.conformance.hostile import MARKUP, empty_run, hostile_run
from scanner.conformance.purity import not_pure, past_the_wall, watched
from scanner.cost import Cost
from scanner.estate import Target
from scanner.estate_checks import EstateCheck
from scanner.judge import ANY_OBSERVATION
from scanner.needs import Derived, Need, Place, Setting
from scanner.observations.endpoint import Endpoint, Source
from scanner.observations.observation import Observation, digest, encode
from scanner.observations.steps import Replay, Unobserved
from scanner.outcomes import UNKNOWN, Verdict
from scanner.plan import first_wave
from scanner.plugins import Plugin, Plugins
from scanner.probes.http.exchange import HttpExchange
from scanner.probes.probe import Probe
from scanner.profiles import load_profile, profile_names
from scanner.registry import Check, RegistryError
from scanner.reports.report import Report

MIN_CHARS = 10
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""What moves a cursor, hides or reorders."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_TEXT = ("text/", "application/json", "application/xml")


# -- checks


def of_declaration(check: Check) -> Iterator[str]:
    """What is declared besides the logic: texts in both languages, sources, defaults."""
    yield from shortcomings(check)
    if check.version < 1:
        yield f"{check.id}: versions count from 1"
    if not check.references:
        yield f"{check.id}: names no source (references)"
    for outcome in check.outcomes:
        for text in (outcome.en, outcome.id):
            if len(text) < MIN_CHARS:
                yield f"{check.id}: {outcome.key}: {text!r} is no sentence"
        if outcome.en == outcome.id:
            yield f"{check.id}: {outcome.key}: says the same in both languages"
    try:
        params = check.with_params({})
        if params is not None and msgspec.json.decode(msgspec.json.encode(params), type=check.params) != params:
            yield f"{check.id}: its thresholds do not come back from the run's manifest"
    except (RegistryError, TypeError, ValueError) as error:
        yield f"{check.id}: every threshold needs a default: {error}"


def of_needs(check: Check) -> Iterator[str]:
    """Its needs name probes without a network, at a service and where a name gave no address."""
    for place in _places(check):
        try:
            probes = first_wave([check], place)
        except Exception as error:  # noqa: BLE001 - whatever a plug-in raises is what is wrong with it
            where = "without an address" if place.endpoint is None else f"at {place.target.url}"
            yield f"{check.id}: {where} its needs raise {type(error).__name__}: {error}"
            continue
        for probe in probes:
            if not type(probe).__module__.startswith("scanner."):  # Pindai's own are held by its own tests
                yield from (f"{check.id}: {it}" for it in of_probe(probe))


def of_cases(check: Check, cases: Iterable[Case]) -> Iterator[str]:
    """What the author's cases show: each outcome once at least, the same twice, and nothing of the world touched."""
    reached: set[str] = set()
    impure: dict[str, str] = {}
    own = [case for case in cases if case.check.id == check.id]
    for case in own:
        reached.update(case.says)  # what it says instead is told as such, and not as an outcome that nobody shows
        try:
            arguments = list(case.values)
            params = check.with_params(case.params)
            if params is not None:
                arguments.append(params)
            with watched() as noted:
                first = list(check.judge(*arguments))
                again = list(check.judge(*arguments))
        except Exception as error:  # noqa: BLE001 - the same
            yield f"{case}: raises {type(error).__name__}: {error}"
            continue
        reached |= {verdict.outcome.key for verdict in first}
        said = tuple(verdict.outcome.key for verdict in first)
        if said != case.says and said:
            yield f"{case}: it says {', '.join(said)}"
        if first != again:
            yield f"{case}: says something else the second time"
        for it in noted:
            impure.setdefault(it, f"{case}: it is not pure: {it}")
        yield from _of_verdicts(check, first, case)
    yield from impure.values()
    if isinstance(check, EstateCheck):
        reached.add(check.otherwise.key)  # is said for it, of targets that no group says anything of
    for outcome in check.outcomes:
        if outcome.key not in reached:
            yield f"{check.id}: no case shows the outcome {outcome.key}"


def _of_verdicts(check: Check, verdicts: Sequence[Verdict], case: Case) -> Iterator[str]:
    if not verdicts and not isinstance(check, EstateCheck):
        yield f"{case}: it yields no verdict, which a run files as an error"
    elif not verdicts and case.says:
        yield f"{case}: it says nothing"
    for verdict in verdicts:
        if verdict.outcome is not UNKNOWN and verdict.outcome not in check.outcomes:
            yield f"{case}: {verdict.outcome.key} is not in the check's table"
        for text in (verdict.outcome.en, verdict.outcome.id):
            try:
                text.format_map(verdict.arguments)
            except (KeyError, ValueError, IndexError, AttributeError) as error:
                yield f"{case}: {text!r} cannot be filled in: {error!r}"


def of_modules(modules: Iterable[ModuleType], judging: Iterable[ModuleType]) -> Iterator[str]:
    """Nobody goes past the API or the gate, and what judges reads no clock, chance or file."""
    for module in modules:
        yield from past_the_wall(module)
    for module in judging:
        yield from not_pure(module)


def modules_of_plugin(plugin: Plugin) -> tuple[ModuleType, ...]:
    """The modules of a plug-in that are loaded, without its tests."""
    tops = {it.__module__.partition(".")[0] for it in (*plugin.probes, *plugin.observations)}
    tops |= {check.judge.__module__.partition(".")[0] for check in plugin.checks}
    tops |= {report.write.__module__.partition(".")[0] for report in plugin.reports.values()}
    return tuple(
        module
        for name, module in sorted(sys.modules.items())
        if name.partition(".")[0] in tops and getattr(module, "__file__", None)
    )


def judging_modules(plugin: Plugin) -> tuple[ModuleType, ...]:
    """Those in which its checks and the functions of their needs stand."""
    names: set[str] = set()
    for check in plugin.checks:
        names.add(check.judge.__module__)
        names |= set(_folds(check.needs))
    own = {module.__name__: module for module in modules_of_plugin(plugin)}
    return tuple(own[name] for name in sorted(names & own.keys()))


def _folds(needs: Iterable[Need[Any]]) -> Iterator[str]:
    for need in needs:
        if isinstance(need, Derived):
            yield need.fold.__module__
            yield from _folds(need.needs)
        elif isinstance(inner := getattr(need, "need", None), Need):
            yield from _folds([inner])


# -- probes


def of_probe(probe: Probe[Any]) -> Iterator[str]:
    """A value that is a key, with a ceiling that somebody stated."""
    kind = type(probe)
    name = kind.__name__
    if not kind.__struct_config__.frozen:
        yield f"{name}: is not frozen"
        return
    try:
        same = msgspec.structs.replace(probe)
        if hash(probe) != hash(same) or probe != same or probe.key != same.key:
            yield f"{name}: two of the same fields are not the same question"
    except TypeError as error:
        yield f"{name}: is no key: {error}"
        return
    if not inspect.iscoroutinefunction(kind.observe):
        yield f"{name}: observe is no `async def`"
    if kind.ceiling is Probe.ceiling:
        yield f"{name}: states no ceiling"
    if kind.is_answered_by is Probe.is_answered_by:
        yield f"{name}: does not tell its own observation from another (is_answered_by)"
    within = [probe, *(getattr(probe, field) for field in kind.__struct_fields__)]
    is_listed = probe.first_contact() is not None or any(isinstance(it, HttpExchange) for it in within)
    if probe.ceiling(load_profile("default")).connections and not is_listed:
        yield f"{name}: it connects, and the plan cannot list where (first_contact)"
    for profile in profile_names():
        ceiling = probe.ceiling(load_profile(profile))
        if not isinstance(ceiling, Cost):
            yield f"{name}: its ceiling in the profile {profile} is no Cost"
        elif min(ceiling.connections, ceiling.requests, ceiling.queries) < 0:
            yield f"{name}: its ceiling in the profile {profile} is below nothing"


def of_seen(seen: Seen) -> Iterator[str]:
    """An observation that can be stored, read back and shown, and answers its probe."""
    yield from of_probe(seen.probe)
    observation, name = seen.observation, type(seen.observation).__name__
    kind = type(observation)
    if kind.redacted is Observation.redacted and any(_holds_text(it.type) for it in msgspec.structs.fields(kind)):
        yield f"{name}: holds text and does not say how secrets in it are blacked out (redacted)"
    clean = observation.redacted()
    if type(clean) is not kind or clean.redacted() != clean:
        yield f"{name}: redacted twice is not the same as once"
    if clean.started.utcoffset() is None or clean.started.utcoffset():
        yield f"{name}: `started` is not aware UTC"
    stored = encode(clean)
    try:
        back = msgspec.json.decode(stored, type=ANY_OBSERVATION | kind)
        if back != clean or digest(encode(back)) != digest(stored):
            yield f"{name}: does not come back from the journal as it was"
        elif not _is_answered(seen.probe, back):
            yield f"{name}: read back it is not the answer to {type(seen.probe).__name__} (is_answered_by)"
    except (msgspec.MsgspecError, TypeError) as error:
        yield f"{name}: cannot be read back: {error}"
    if kind.answered is Observation.answered and seen.probe.first_contact() is not None:
        yield f"{name}: does not say whether the service answered (answered)"
    elif not isinstance(clean.answered, bool | Unobserved):
        yield f"{name}: `answered` is neither true nor false nor the reason why not"
    if not isinstance(clean.replay, Replay):
        yield f"{name}: does not say how far it can be derived again (replay)"


def _is_answered(probe: Probe[Any], observation: Observation) -> bool:
    """As the judge asks it: an observation of another kind is never the answer."""
    try:
        return bool(probe.is_answered_by(observation))
    except AttributeError:
        return False


def of_all_seen(plugin: Plugin, seen: Iterable[Seen]) -> Iterator[str]:
    """Every probe and every observation is shown once at least."""
    seen = tuple(seen)
    for kind in (*plugin.probes, *plugin.observations):
        if kind not in {type(it.probe) for it in seen} | {type(it.observation) for it in seen}:
            yield f"{kind.__name__}: nothing in `seen` shows it"


def _holds_text(kind: Any) -> bool:
    """Whether a type may hold text or octets from outside; where we asked (an Endpoint) is our own text."""
    if kind in (str, bytes):
        return True
    if kind is Endpoint:
        return False
    inner = getattr(kind, "__args__", ())
    if inner:
        return any(_holds_text(it) for it in inner)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return any(_holds_text(field.type) for field in msgspec.structs.fields(kind))
    return False


# -- reports and frameworks


def of_report(name: str, report: Report) -> Iterator[str]:
    """The same bytes twice, in both languages, and hostile text inert."""
    if not all(len(text) >= MIN_CHARS for text in (report.en, report.id)) or report.en == report.id:
        yield f"{name}: does not say in both languages what it is for"
    for language in ("en", "id"):
        for run_of in (hostile_run, empty_run):
            with run_of() as run:
                try:
                    with watched() as noted:
                        chunks = list(report.write(run, language))
                        again = list(report.write(run, language))
                except Exception as error:  # noqa: BLE001 - whatever a plug-in raises is what is wrong with it
                    yield f"{name}: {run_of.__name__}, {language}: raises {type(error).__name__}: {error}"
                    continue
            if not all(isinstance(it, bytes) for it in (*chunks, *again)):
                yield f"{name}: yields {type(chunks[0]).__name__}, not bytes"
                return
            if b"".join(chunks) != b"".join(again):
                yield f"{name}: {language}: other bytes the second time"
            sockets = [it for it in noted if it.startswith("socket.")]
            yield from (f"{name}: talks to the network: {it}" for it in dict.fromkeys(sockets))
            if run_of is hostile_run:
                yield from (f"{name}: {language}: {it}" for it in _of_bytes(report.media_type, b"".join(chunks)))


def _of_bytes(media_type: str, written: bytes) -> Iterator[str]:
    if not written:
        yield "writes nothing of a run with findings"
    if not media_type.startswith(_TEXT):
        return
    try:
        text = written.decode("utf-8")
    except UnicodeDecodeError as error:
        yield f"is no UTF-8: {error}"
        return
    if (found := _CONTROL.search(text)) is not None:
        yield f"lets {found[0]!r} of a server through, which terminals obey or hide"
    if media_type.startswith(("text/html", "image/svg", "application/xml")) and MARKUP in text:
        yield "lets markup of a server through"
    if media_type.startswith("application/json"):
        try:
            json.loads(text)
        except ValueError as error:
            yield f"is no JSON: {error}"
    if media_type.startswith("text/csv"):
        for row in csv.reader(io.StringIO(text, newline="")):
            for cell in row:
                if cell.startswith(_FORMULA):
                    yield f"lets the formula {cell[:40]!r} of a server through"
                    return


def of_framework(name: str, path: Path, checks: Mapping[str, Check]) -> Iterator[str]:
    """The file loads, its id is the entry point's name, and what it names exists."""
    from scanner.config_error import ConfigError
    from scanner.frameworks.loading import load_rulebook

    try:
        framework = load_rulebook([path], checks).frameworks[-1]
    except ConfigError as error:
        yield from (f"{name}: {it}" for it in error.problems)
        return
    if framework.id != name:
        yield f"{name}: the file holds the framework {framework.id!r}"
    if not framework.source:
        yield f"{name}: names no source of its wording"


# -- what checks are tried at


def _places(check: Check) -> Iterator[Place]:
    setting = Setting("Pindai/conformance")
    for url, port in (("https://layanan.example/", 443), ("http://layanan.example/", 80)):
        target = Target(id="layanan", url=url, http_port=80 if port == 443 else None, kinds=tuple(check.kinds))
        yield Place(target, setting, Endpoint("layanan.example", port, "192.0.2.1", Source.RESOLVER))
        yield Place(target, setting)


def every_problem(plugin: Plugin, cases: Sequence[Case], seen: Sequence[Seen]) -> Iterator[str]:
    """All rules at once, for programs; the suite asks them one by one."""
    for check in plugin.checks:
        yield from of_declaration(check)
        yield from of_needs(check)
        yield from of_cases(check, cases)
    yield from of_modules(modules_of_plugin(plugin), judging_modules(plugin))
    for it in seen:
        yield from of_seen(it)
    yield from of_all_seen(plugin, seen)
    for name, report in plugin.reports.items():
        yield from of_report(name, report)
    for name, path in plugin.frameworks.items():
        yield from of_framework(name, path, Plugins((plugin,)).checks)
