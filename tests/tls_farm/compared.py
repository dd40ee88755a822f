"""A row of the truth table held against what our sweep, sessions and trials came to: every difference in a line."""

from collections.abc import Iterable, Iterator

from scanner.derive.tls_facts import ClientCertificate, SentChain, Sessions, Spoken, Swept, Trials
from scanner.observations.steps import Unobserved
from tls_farm.names import GROUPS, SUITES
from tls_farm.pki_of_farm import Authority
from tls_farm.row import SERVER, UNKNOWN, Row, Speaks

SUITE_NAMES = {number: name for name, number in SUITES.items()}
GROUP_NAMES = {number: name for name, number in GROUPS.items()}
FINITE = {256, 257, 258, 259, 260}


def differences(row: Row, swept: Swept | Unobserved, authority: Authority) -> list[str]:
    """Where the sweep and the table do not say the same."""
    if isinstance(swept, Unobserved) or row.failure is not None:
        said = str(swept.reason) if isinstance(swept, Unobserved) else "an answer"
        return [] if said == row.failure else [f"table {row.failure or 'an answer'}, seen {said}"]
    return list(_swept(row, swept, authority))


def _swept(row: Row, swept: Swept, authority: Authority) -> Iterator[str]:
    spoken = {str(it.version): it for it in swept.spoken}
    if row.setup.get("loose"):
        yield from _loosely(row, swept, spoken)
        return
    yield from _sets("versions", row.speaks, spoken)
    for version, said in row.speaks.items():
        if version in spoken:
            yield from (f"{version} {it}" for it in _version(row, version, said, spoken[version], authority))
    undetermined = {it.what for it in swept.undetermined}
    yield from _sets("undetermined", row.undetermined, undetermined)
    yield from _sets("oddities", row.oddities, {it.key for it in swept.oddities})
    for flag in (
        "fallback_scsv",
        "secure_renegotiation",
        "extended_master_secret",
        "encrypt_then_mac",
        "heartbeat",
        "staples",
    ):
        wanted, seen = getattr(row, flag), getattr(swept, flag)
        if wanted is ... or (wanted is False and seen is None):
            continue
        if wanted != seen:
            yield f"{flag}: table {wanted}, seen {seen}"
    asks = isinstance(swept.client_certificate, ClientCertificate)
    if "TLSv1.3" not in row.speaks and asks != row.client_certificate:
        yield f"client certificate: table {row.client_certificate}, seen {asks}"
    for name in ("for_no_name", "for_unknown_name"):
        wanted, seen = getattr(row, name), getattr(swept, name)
        if wanted is ...:
            continue
        if wanted is None:
            if isinstance(seen, SentChain):
                yield f"{name}: table none, seen a chain"
        elif not isinstance(seen, SentChain) or seen.certificates != authority.ders(wanted):
            yield f"{name}: table {wanted}, seen {seen if not isinstance(seen, SentChain) else 'another chain'}"


def _loosely(row: Row, swept: Swept, spoken: dict[str, Spoken]) -> Iterator[str]:
    """Of a server that does not let itself be asked: what is said to be there is there, and nothing is said to be refused
    that is there, nor a list said to be whole that is not."""
    if row.setup["fault"] != "suite_not_offered":
        for version, seen in spoken.items():
            said = row.speaks.get(version)
            if said is None or {SUITE_NAMES.get(it) for it in seen.suites} - set(said.suites):
                yield f"{version}: more than there is"
            elif len(seen.suites) < len(said.suites) and seen.suites_short is None:
                yield f"{version}: a short list of suites that is said to be whole"
            elif len(seen.groups) < len(said.groups) and seen.groups_short is None:
                yield f"{version}: a short list of groups that is said to be whole"
    if wrong := {str(it) for it in swept.refused} & set(row.speaks):
        yield f"refused: {wrong}"
    if row.setup["fault"] != "suite_not_offered" and not swept.undetermined:
        yield "nothing is undetermined"
    if missing := row.oddities - {it.key for it in swept.oddities}:
        yield f"oddities: not seen: {missing}"


def _version(row: Row, version: str, said: Speaks, seen: Spoken, authority: Authority) -> Iterator[str]:
    suites = [SUITE_NAMES.get(it, f"{it:#06x}") for it in seen.suites]
    yield from _list("suites", said.suites, suites, ordered=said.preference == SERVER)
    groups = [GROUP_NAMES.get(it, str(it)) for it in seen.groups if version == "TLSv1.3" or it not in FINITE]
    ordered = said.group_preference == SERVER and said.groups_ordered
    yield from _list("groups", said.groups, groups, ordered=ordered)
    for what, wanted, got in (
        ("preference", said.preference, str(seen.preference)),
        ("group preference", said.group_preference, str(seen.group_preference)),
    ):
        if wanted not in ("...", got) and not (wanted == UNKNOWN and len(said.suites) < 2):
            yield f"{what}: table {wanted}, seen {got}"
    if version != "TLSv1.3":
        known = {(it.bits, it.name) for it in seen.dh}
        if any(name is ... for _, name in said.dh):
            known = {(bits, ...) for bits, _ in known}  # type: ignore[misc]
        yield from _sets("dh", said.dh, known)
    if (seen.suites_short and f"suites.{version}" not in row.undetermined) or (
        seen.groups_short and f"groups.{version}" not in row.undetermined
    ):
        yield f"short: {seen.suites_short or seen.groups_short}"
    if version != "TLSv1.3":
        kinds = row.chains if said.chains is None else said.chains
        if version == "SSLv2":
            wanted_chains = {authority.ders(it)[:1] for it in kinds}
        else:
            wanted_chains = {authority.ders(it) for it in kinds}
        got_chains = {it.certificates for it in seen.chains}
        if wanted_chains != got_chains:
            yield f"chains: table {sorted(kinds)}, seen {[len(it) for it in got_chains]} certificates"
    if said.schemes is not None:
        yield from _sets("schemes", said.schemes, set(seen.signature_schemes))
    if said.extensions is not None:
        yield from _sets("extensions", said.extensions, set(seen.extensions))
    yield from _sets("compression", said.compression - {0}, set(seen.compression) - {0})


def _list(what: str, said: Iterable[str], seen: list[str], *, ordered: bool) -> Iterator[str]:
    wanted = list(said)
    if sorted(wanted) != sorted(seen):
        yield from _sets(what, wanted, seen)
    elif ordered and wanted != seen:
        yield f"{what} in order: table {' '.join(wanted)}, seen {' '.join(seen)}"


def _sets(what: str, said: Iterable[object], seen: Iterable[object]) -> Iterator[str]:
    wanted, got = set(said), set(seen)
    if wanted != got:
        missing, more = (sorted(map(str, it)) for it in (wanted - got, got - wanted))
        yield f"{what}: " + "; ".join(
            part
            for part in (
                f"not seen: {' '.join(missing)}" if missing else "",
                f"not in the table: {' '.join(more)}" if more else "",
            )
            if part
        )


def session_differences(row: Row, sessions: Sessions | Unobserved) -> list[str]:
    """Where whole handshakes and the table do not say the same; only what the row names is held."""
    if not row.sessions:
        return []
    if isinstance(sessions, Unobserved):
        return [f"sessions: {sessions}"]
    found = []
    if (wanted := row.sessions.get("resumption")) is not None:
        got = {(str(it.version), str(it.method)): it.works for it in sessions.resumption}
        found += [
            f"resumption {key}: table {works}, seen {got.get(key)}"
            for key, works in wanted.items()
            if got.get(key) != works
        ]
    if (wanted := row.sessions.get("early_data")) is not None:
        early = sessions.early_data
        allowed = not isinstance(early, Unobserved) and early is not None and early.max_octets > 0
        if allowed != wanted:
            found.append(f"early data: table {wanted}, seen {early}")
    if (wanted := row.sessions.get("alpn")) is not None and set(
        sessions.alpn if isinstance(sessions.alpn, tuple) else ()
    ) != wanted:
        found.append(f"alpn: table {wanted}, seen {sessions.alpn}")
    return found


def trial_differences(row: Row, trials: Trials | Unobserved) -> list[str]:
    """Where the trials show what the table does not have, or the reverse; sound servers show nothing."""
    if isinstance(trials, Unobserved):
        return [f"trials: {trials}"] if row.trials else []
    got = {
        it.key: str(it.state) if not isinstance(it.state, Unobserved) else f"unknown {it.state.reason}"
        for it in trials.made
    }
    found = [f"{key}: table {state}, seen {got.get(key)}" for key, state in row.trials.items() if got.get(key) != state]
    return found + [
        f"{key}: table sound, seen {state}" for key, state in got.items() if state == "shown" and key not in row.trials
    ]
