"""The table of `pindai inspect tls`: one TLS service on a terminal, every string of the server's escaped."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from scanner.derive.tls_facts import Preference, TlsVersion
from scanner.derive.tls_policy import is_on_a_list
from scanner.inspection import (
    CertificateSeen,
    ChainSeen,
    CostSeen,
    Inspection,
    PathSeen,
    PolicySeen,
    ReasonSeen,
    StapleSeen,
    VersionSeen,
)
from scanner.locale.details import detail_text
from scanner.locale.printable import shortened, wrapped
from scanner.locale.reasons import reason_text
from scanner.locale.speech import Speaker, mark
from scanner.locale.values import write_date, write_number, write_time
from scanner.policies import Grade, is_from_memory, load_policy
from scanner.reports.look import Look
from scanner.reports.tls_policies import CERTAINTIES, NOT_TO_BE_QUOTED, ON_NO_LIST

INDENT = "  "
NAME_COLUMN = 13
MOST_NAMES = 8
MOST_OTHERS = 12
DAY_S = 86_400

PREFERENCES = {
    Preference.SERVER: mark("the server's order"),
    Preference.CLIENT: mark("the client's order"),
    Preference.UNKNOWN: mark("whose order decides is not known"),
}
STATES = {
    "shown": mark("shown"),
    "not_shown": mark("not shown"),
    "not_possible": mark("not possible here"),
    "unknown": mark("not known"),
}
ODDITY_WORDS = {
    "intolerant_tls13": mark("a TLS 1.3 hello makes the connection fail, an older one does not"),
    "intolerant_version": mark("a hello with a higher version number makes the connection fail"),
    "intolerant_grease": mark("reserved values that must be ignored (RFC 8701) make the connection fail"),
    "intolerant_large_hello": mark("a hello too large for one packet makes the connection fail"),
    "intolerant_long_hello": mark("a hello of 256 to 511 octets makes the connection fail"),
    "intolerant_extensions": mark("an extension the server need not know makes the connection fail"),
    "intolerant_many_suites": mark("a long list of suites makes the connection fail"),
    "intolerant_sni": mark("a hello without a server name makes the connection fail"),
    "downgrade_sentinel_missing": mark(
        "a server of TLS 1.3 answers an older hello without the sentinel of RFC 8446 4.1.3"
    ),
    "suite_not_offered": mark("the server chose a suite that was not offered"),
    "group_not_offered": mark("the server chose a group that was not offered"),
    "version_not_offered": mark("the server answered with a version that was not offered"),
    "extension_not_offered": mark("the server answered an extension that was not offered"),
    "random_repeats": mark("two answers carry the same server random"),
    "closes_without_alert": mark("the server closes refused connections without an alert"),
    "silent_on_refusal": mark("the server leaves refused connections open and says nothing"),
    "ecdhe_without_groups": mark("the server takes elliptic-curve suites from a hello that names no groups"),
}
"""The sentences of `scanner.derive.tls_facts.ODDITIES`, to be said in both languages."""
GRADES = {
    Grade.GOOD: mark("good"),
    Grade.SUFFICIENT: mark("sufficient"),
    Grade.SILENT: mark("not mentioned"),
    Grade.PHASE_OUT: mark("phase out"),
    Grade.INSUFFICIENT: mark("insufficient"),
}
PATH_REASONS = {
    "nothing_sent": mark("no certificate was sent"),
    "unparseable": mark("a certificate cannot be parsed"),
    "self_signed": mark("signed by itself: {subject}"),
    "unknown_root": mark("the root is in no store: {subject}"),
    "missing_intermediate": mark("the issuer was not sent and is in no store: {issuer}"),
    "bad_signature": mark("the signature of the issuer does not fit: {subject}"),
    "unsupported_algorithm": mark("signed in a way that cannot be checked here: {subject}"),
    "too_long": mark("longer than clients follow, above {subject}"),
    "search_limit": mark("more candidates than are tried"),
    "malformed": mark("malformed so that clients refuse it: {subject}"),
    "leaf_expired": mark("the leaf has expired: {subject}"),
    "leaf_not_yet_valid": mark("the leaf is not yet valid: {subject}"),
    "expired_intermediate": mark("an intermediate has expired: {subject}"),
    "not_yet_valid_intermediate": mark("an intermediate is not yet valid: {subject}"),
    "expired_anchor": mark("the anchor has expired: {subject}"),
    "not_yet_valid_anchor": mark("the anchor is not yet valid: {subject}"),
    "not_a_ca": mark("not an authority: {subject}"),
    "ca_as_leaf": mark("an authority's certificate used as a leaf: {subject}"),
    "path_length": mark("the path is longer than allowed by {subject}"),
    "key_usage": mark("the key usage does not allow it: {subject}"),
    "extended_key_usage": mark("not meant for servers (no serverAuth): {subject}"),
    "name_constraints": mark("name constraints do not allow a name below {subject}"),
    "no_alternative_name": mark("no subjectAltName: {subject}"),
    "unknown_critical": mark("a critical extension that is not known: {subject}"),
    "weak_signature": mark("signed with MD5 or SHA-1: {subject}"),
}


def inspection_text(seen: Inspection, speaker: Speaker, look: Look) -> Iterator[str]:
    """The whole table, line by line."""
    return _Table(seen, speaker, look).lines()


class _Table:
    def __init__(self, seen: Inspection, speaker: Speaker, look: Look) -> None:
        self._seen = seen
        self.say = speaker.say
        self._marked = speaker.say_marked
        self._language = speaker.language
        self._look = look

    def lines(self) -> Iterator[str]:
        yield from self._head()
        yield from self._section(self.say("Versions"), self._versions())
        for version, spoken in self._seen.versions.items():
            yield from self._section(version.value, self._version(version, spoken))
        for number, chain in enumerate(self._seen.certificates, 1):
            title = self.say("Certificate {number} of {count}", number=number, count=len(self._seen.certificates))
            yield from self._section(title, self._chain(chain))
        yield from self._section("OCSP", self._ocsp())
        yield from self._section(self.say("Sessions"), self._sessions())
        yield from self._section(self.say("Further answers"), self._features())
        yield from self._section(self.say("Known weaknesses"), self._vulnerabilities())
        yield from self._section(self.say("Oddities"), self._oddities())
        yield from self._section(self.say("Not determined"), self._unknown())
        for name, policy in self._seen.policies.items():
            title = self.say("Held against {policy} {edition} (decides nothing)", policy=name, edition=policy.edition)
            note = self._marked(NOT_TO_BE_QUOTED) if is_from_memory(load_policy(name)) else ""
            yield from self._section(title, self._policy(name, policy), note)
        yield from self._section(self.say("Cost"), self._cost(self._seen.cost))

    # -- the parts

    def _head(self) -> Iterator[str]:
        at = self._seen.target
        host = f"[{at.host}]" if ":" in at.host else at.host
        where = f"{host}:{at.port}" + ("" if at.address == at.host else f" ({at.address})")
        yield from self._wrapped(f"{where}  {write_time(self._seen.at, self._language, 'UTC')}")
        name = self.say("no server name") if at.sni is None else self.say("server name {name}", name=at.sni)
        begun = self.say("STARTTLS in {protocol}", protocol=at.starttls) if at.starttls else self.say("TLS at once")
        yield from self._wrapped(f"{name}; {begun}")
        if at.greeting:
            yield from self._wrapped(self.say("greeting: {text}", text=shortened(self._look.text(at.greeting), 200)))

    def _section(self, title: str, rows: Iterable[tuple[str, str]], note: str = "") -> Iterator[str]:
        """A heading, a note below it, and its rows; nothing of a section without rows."""
        rows = list(rows)
        if not rows:
            return
        yield ""
        yield self._look.text(title)
        if note:
            yield from wrapped(self._look.text(note), self._look.width, first=INDENT, rest=INDENT)
        column = max(NAME_COLUMN, *(len(self._look.text(name)) + 2 for name, _ in rows))
        column = min(column, 30)
        for name, value in rows:
            yield from self._row(name, value, column)

    def _row(self, name: str, value: str, column: int) -> Iterator[str]:
        name, value = self._look.text(name), self._look.text(value)
        first = f"{INDENT}{name:<{column}}" if len(name) < column else f"{INDENT}{name}  "
        yield from wrapped(value, self._look.width, first=first, rest=INDENT + " " * column)

    def _wrapped(self, text: str) -> list[str]:
        return wrapped(self._look.text(text), self._look.width, rest=INDENT)

    def _versions(self) -> Iterator[tuple[str, str]]:
        why = {it.what: it for it in self._seen.unknown}
        for version in reversed(TlsVersion):
            if (spoken := self._seen.versions.get(version)) is not None:
                yield version.value, self.say("spoken; {order}", order=self._marked(PREFERENCES[spoken.preference]))
            elif version in self._seen.refused:
                yield version.value, self.say("refused")
            else:
                reason = why.get(f"versions.{version}")
                words = "" if reason is None else f": {reason_text(reason.reason, self._language)}"
                yield version.value, self.say("not known") + words

    def _version(self, version: TlsVersion, it: VersionSeen) -> Iterator[tuple[str, str]]:
        more = self.say("... there may be more")
        for index, suite in enumerate(it.suites):
            yield (self.say("suites") if not index else ""), suite
        if not it.suites_complete:
            yield ("" if it.suites else self.say("suites")), more
        if it.groups or not it.groups_complete:
            order = self._marked(PREFERENCES[it.group_preference])
            groups = ", ".join([*it.groups, *([] if it.groups_complete else [more])])
            shown = it.group_preference is not Preference.UNKNOWN and len(it.groups) > 1
            yield self.say("groups"), f"{groups} ({order})" if shown else groups
        for group in self._seen.dh:
            if group.version is version:
                name = group.name or self.say("no published group, prime {prime}...", prime=group.prime[:16])
                yield "DH", self.say("{name}, {bits} bits", name=name, bits=group.bits)
        if schemes := self._seen.signature_algorithms.get(version):
            yield self.say("signed with"), ", ".join(schemes)
        if any(method != "null" for method in it.compression):
            yield self.say("compression"), ", ".join(it.compression)
        if extensions := self._seen.extensions.get(version):
            yield self.say("extensions"), ", ".join(extensions)

    def _chain(self, chain: ChainSeen) -> Iterator[tuple[str, str]]:
        leaf = chain.leaf
        if leaf is None:
            yield self.say("chain"), self.say("no certificate was sent")
            return
        yield from self._certificate(leaf)
        if chain.names_host is not True and leaf.readable:
            known = chain.names_host is False
            reference = self._seen.target.sni or self._seen.target.host
            words = self.say("no") if known else self.say("not known, for it has more names than are read")
            yield self.say("for this name"), f"{words} ({reference})"
        yield self.say("sent for"), self._sent_for(chain)
        yield self.say("chain"), self.say("certificates as sent: {count}", count=len(chain.chain))
        for place, it in enumerate(chain.chain):
            yield (
                f"  {place}",
                it.subject if it.readable else self.say("cannot be parsed, SHA-256 {digest}", digest=it.sha256[:16]),
            )
        for profile, path in chain.paths.items():
            if path is not None:
                yield from self._path(profile, path)

    def _certificate(self, it: CertificateSeen) -> Iterator[tuple[str, str]]:
        if not it.readable:
            yield self.say("leaf"), self.say("cannot be parsed, SHA-256 {digest}", digest=it.sha256[:16])
            return
        yield self.say("subject"), it.subject
        yield self.say("issuer"), it.issuer
        names = ", ".join(it.names[:MOST_NAMES])
        more = it.names_in_all - len(it.names[:MOST_NAMES])
        if more > 0:
            names += " " + self.say("+{count} more", count=self._number(more))
        yield self.say("names"), names or self.say("none")
        if it.not_before is not None and it.not_after is not None:
            yield self.say("valid"), self._valid(it.not_before, it.not_after)
        if it.key is not None:
            size = "" if it.key.bits is None else " " + self.say("{bits} bits", bits=it.key.bits)
            curve = "" if it.key.curve is None else f" {it.key.curve}"
            yield self.say("key"), f"{it.key.kind}{curve}{size}"
        yield self.say("signature"), it.signature
        if it.must_staple:
            yield self.say("must staple"), self.say("yes")
        yield "SHA-256", f"{it.sha256[:32]} {it.sha256[32:]}"

    def _valid(self, since: datetime, until: datetime) -> str:
        days = int((until - self._seen.at).total_seconds() // DAY_S)
        left = self.say("{days} days left", days=self._number(days)) if days >= 0 else self.say("ended")
        if since > self._seen.at:
            left = self.say("not yet")
        return f"{write_date(since, self._language)} - {write_date(until, self._language)} ({left})"

    def _sent_for(self, chain: ChainSeen) -> str:
        own = dict.fromkeys(it.version.value for it in chain.sent_for if it.name == "own")
        others = [
            *([self.say("a hello without a server name")] if any(it.name == "none" for it in chain.sent_for) else []),
            *(
                [self.say("a name the server cannot know")]
                if any(it.name == "unknown" for it in chain.sent_for)
                else []
            ),
        ]
        return "; ".join([*([", ".join(own)] if own else []), *others])

    def _path(self, profile: str, path: PathSeen) -> Iterator[tuple[str, str]]:
        name = {"public": self.say("path: public"), "operator": self.say("path: --ca")}[profile]
        if path.holds:
            yield name, self.say("ends at {anchor} ({store})", anchor=path.anchor or "", store=path.store)
        for index, reason in enumerate(path.reasons):
            yield (name if not index and not path.holds else ""), self._reason(reason)
        stray = path.tidiness
        if stray.wrong_order:
            yield "", self.say("sent in the wrong order")
        for places, words in (
            (stray.unneeded, self.say("needed by no path: {places}", places=_places(stray.unneeded))),
            (stray.roots, self.say("roots sent: {places}", places=_places(stray.roots))),
            (stray.duplicates, self.say("sent twice: {places}", places=_places(stray.duplicates))),
        ):
            if places:
                yield "", words

    def _reason(self, reason: ReasonSeen) -> str:
        template = PATH_REASONS.get(reason.kind)
        if template is None:
            return f"{reason.kind}: {reason.subject}"
        said = self._marked(template, subject=reason.subject, issuer=reason.issuer or "")
        if reason.ca_issuers:
            said += "; " + self.say("some clients fetch it from {place}", place=reason.ca_issuers[0])
        return said

    def _ocsp(self) -> Iterator[tuple[str, str]]:
        ocsp = self._seen.ocsp
        if ocsp.responders:
            yield self.say("responders"), ", ".join(ocsp.responders)
        yield self.say("stapled"), self._yes_no(ocsp.stapled)
        for staple in ocsp.staples:
            yield "", self._staple(staple)

    def _staple(self, it: StapleSeen) -> str:
        said = [self.say("{count} octets", count=self._number(it.bytes))]
        if it.status is not None:
            said.append(self.say("status {status}", status=it.status))
        if it.this_update is not None:
            said.append(self.say("from {when}", when=write_time(it.this_update, self._language, "UTC")))
        if it.next_update is not None:
            said.append(self.say("until {when}", when=write_time(it.next_update, self._language, "UTC")))
        if it.problem:
            said.append(it.problem)
        return ", ".join(said)

    def _sessions(self) -> Iterator[tuple[str, str]]:
        facts = self._seen.resumption
        for it in facts.methods:
            yield f"{it.version} {it.method}", self._yes_no(it.works)
        for ticket in facts.tickets:
            # Below TLS 1.3 zero means that the server leaves it open (RFC 5077 3.3), there that it is not to be used.
            stated = ticket.lifetime_s or ticket.version is TlsVersion.TLS13
            seconds = self._number(ticket.lifetime_s)
            life = self.say("{seconds} s", seconds=seconds) if stated else self.say("lifetime not stated")
            key = "" if ticket.key_name is None else "; " + self.say("begins with {octets}", octets=ticket.key_name)
            yield self.say("{version} ticket", version=ticket.version), life + key
        if facts.early_data_octets is not None:
            allowed = self.say("at most {count} octets", count=self._number(facts.early_data_octets))
            taken = "" if facts.early_data_accepted is None else self._taken(facts.early_data_accepted)
            said = allowed + taken if facts.early_data_octets else self.say("not allowed by tickets")
            yield self.say("early data"), said

    def _taken(self, accepted: bool) -> str:
        return "; " + (self.say("taken") if accepted else self.say("not taken"))

    def _features(self) -> Iterator[tuple[str, str]]:
        it = self._seen.features
        for name, value in (
            ("TLS_FALLBACK_SCSV", it.fallback_scsv),
            (self.say("secure renegotiation"), it.secure_renegotiation),
            ("extended_master_secret", it.extended_master_secret),
            ("encrypt_then_mac", it.encrypt_then_mac),
            ("heartbeat", it.heartbeat),
        ):
            if value is not None:
                yield name, self._yes_no(value)
        if (again := it.client_renegotiation) is not None:
            yield (
                self.say("renegotiation by the client"),
                self.say("taken {taken} of {tried}", taken=again.taken, tried=again.tried),
            )
        if it.alpn:
            yield "ALPN", ", ".join(it.alpn)
        if (asked := it.client_certificate) is not None:
            names = "; ".join(asked.authorities[:MOST_OTHERS])
            more = asked.more + max(0, len(asked.authorities) - MOST_OTHERS)
            if more:
                names += " " + self.say("+{count} more", count=self._number(more))
            yield (
                self.say("client certificate"),
                self.say("asked for: {names}", names=names or self.say("any authority")),
            )
        repeated = [values for values in it.key_exchange_values if values.distinct < values.seen]
        for values in repeated:
            yield (
                f"{values.version} {values.group}",
                self.say("{distinct} different values in {seen} answers", distinct=values.distinct, seen=values.seen),
            )
        if not repeated and any(values.seen > 1 for values in it.key_exchange_values):
            yield self.say("key exchange"), self.say("no value came twice")

    def _vulnerabilities(self) -> Iterator[tuple[str, str]]:
        for key, it in self._seen.vulnerabilities.items():
            yield key, self._marked(STATES[it.state]) + (f" ({it.detail})" if it.detail else "")

    def _oddities(self) -> Iterator[tuple[str, str]]:
        for it in self._seen.oddities:
            means = self._marked(ODDITY_WORDS.get(it.key, it.means))
            yield it.key, means + (f" ({it.detail})" if it.detail else "")

    def _unknown(self) -> Iterator[tuple[str, str]]:
        for it in self._seen.unknown:
            detail = f" ({detail_text(it.detail, self._language)})" if it.detail else ""
            yield it.what, reason_text(it.reason, self._language) + detail

    def _policy(self, name: str, policy: PolicySeen) -> Iterator[tuple[str, str]]:
        used = load_policy(name)
        for it in policy.deviations:
            version = "" if it.version is None or it.version.value == it.name else f"{it.version} "
            detail = f" ({it.detail})" if it.detail else ""
            unlisted = it.grade is Grade.INSUFFICIENT and not is_on_a_list(used, it.topic, it.name, it.version)
            sure = CERTAINTIES.get(it.origin.certainty)
            how = "" if sure is None else f" ({self._marked(sure)})"
            yield self._marked(ON_NO_LIST if unlisted else GRADES[it.grade]), f"{version}{it.name}{detail}{how}"
        if not policy.deviations:
            yield self.say("deviations"), self.say("none seen")
        if not policy.complete:
            yield "", self.say("not all could be told, so there may be more")

    def _cost(self, cost: CostSeen) -> Iterator[tuple[str, str]]:
        yield (
            self.say("connections"),
            self.say("{count}, at most {most}", count=self._number(cost.connections), most=self._number(cost.ceiling)),
        )
        if cost.dns_queries:
            yield self.say("DNS queries"), self._number(cost.dns_queries)
        yield (
            self.say("octets"),
            self.say(
                "{sent} sent, {received} received",
                sent=self._number(cost.sent_bytes),
                received=self._number(cost.received_bytes),
            ),
        )
        yield self.say("time"), self.say("{ms} ms", ms=self._number(round(cost.took_ms)))

    # -- words

    def _yes_no(self, value: bool | None) -> str:
        return self.say("not known") if value is None else self.say("yes") if value else self.say("no")

    def _number(self, number: int) -> str:
        return write_number(number, self._language)


def _places(places: Sequence[int]) -> str:
    return ", ".join(map(str, places))
