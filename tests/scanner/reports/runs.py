"""Runs for the tests of reports, with a fixed clock: nothing here touches a network."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec

from scanner.cost import Cost
from scanner.estate import (
    Authorisation,
    Estate,
    Population,
    PopulationService,
    Target,
    Vantage,
    VantagePoint,
)
from scanner.findings import AcceptedUntil, Finding, FixedBy, Message, Severity, State, Subject, fingerprint
from scanner.journal import Journal, Standing, TargetRecord
from scanner.observations.observation import digest
from scanner.observations.steps import Reason, Replay
from scanner.outcomes import Outcome, Verdict
from scanner.profiles import load_profile
from scanner.registry import Check
from scanner.run import CheckUsed, Ending, Manifest, Run, Tool
from scanner.scope import Scope

START = datetime(2026, 11, 21, 1, 2, tzinfo=UTC)
END = START + timedelta(seconds=41)
ENDED = Ending(END)
USED = Cost(9, 20, 2)
EVIDENCE = digest(b"{}")


def _check(id: str, fixed_by: FixedBy, severities: str, en: str, indonesian: str) -> Check:
    def judge() -> Iterator[Verdict]:
        yield from ()

    judge.__doc__ = f"What is looked at.\n\n    Why: Because.\n    Fix: {en}\n    Perbaikan: {indonesian}\n    "
    outcomes = tuple(
        Outcome(word, en="Sentence", id="Kalimat", severity=Severity[word.upper()]) for word in severities.split()
    )
    return Check(
        id=id, version=1, needs=(), outcomes=outcomes, fixed_by=fixed_by, references=("RFC 9110 15",), judge=judge
    )


RENEW = "Renew the certificate (`certbot renew`), reload the web server, and test the automatic renewal."
PERBARUI = "Perbarui sertifikat (`certbot renew`), muat ulang server web, lalu uji pembaruan otomatisnya."
HEADER = 'nginx `add_header Strict-Transport-Security "max-age=31536000; includeSubDomains" always;`'
SERVER = "nginx `server { listen 80; return 301 https://$host$request_uri; }`"
_WEB = FixedBy.WEB_SERVER
CHECKS = {
    check.id: check
    for check in (
        _check("tls.certificate.chain", _WEB, "critical high low info", "Send the chain.", "Kirim rantainya."),
        _check("tls.certificate.expiry", _WEB, "critical medium", RENEW, PERBARUI),
        _check(
            "uptime.reachable",
            FixedBy.PLATFORM,
            "critical",
            "Look at the web server; then the firewall.",
            "Periksa server web.",
        ),
        _check("web.hsts.policy", _WEB, "medium low", HEADER, HEADER),
        _check("web.https.redirect", _WEB, "high", SERVER, SERVER),
    )
}


def target(id: str, url: str | None = None, unit: str = "") -> Target:
    return Target(id=id, url=url or f"https://{id}.contoh.test/", unit=unit)


def record(id: str, reason: str = "", detail: str = "", used: Cost = USED) -> TargetRecord:
    standing = Standing.NOT_OBSERVED if reason else Standing.OBSERVED
    return TargetRecord(
        id=id,
        standing=standing,
        started=START,
        ended=END,
        used=used,
        ceiling=Cost(20, 40, 8),
        reason=reason,
        detail=detail,
    )


def finding(
    target: str,
    check: str,
    severity: str | None = None,
    *,
    state: State | None = None,
    outcome: str = "",
    id: str = "Kalimat",
    en: str = "Sentence",
    reason: Reason | None = None,
    key: str = "",
) -> Finding:
    state = state or (State.PASS if severity is None else State.FAIL)
    subject = Subject("service", key or f"{target}.contoh.test:443")
    return Finding(
        check=check,
        check_version=1,
        target=target,
        subject=subject,
        state=state,
        outcome=outcome or state.value,
        severity=severity,
        message=Message(id=id, en=en),
        expected=None,
        found=None,
        reason=reason,
        evidence=(EVIDENCE,),
        fingerprint=fingerprint(check, target, subject),
        fixed_by=CHECKS[check].fixed_by if check in CHECKS else FixedBy.APPLICATION,
        replay=Replay.DERIVED,
    )


def accepted(finding: Finding, until: date = date(2026, 12, 31)) -> Finding:
    """The same finding, accepted until a day."""
    waiver = AcceptedUntil(until, "Kepala Bidang Aplikasi", "Diganti pada Januari")
    return msgspec.structs.replace(finding, waiver=waiver)


def switched_off(target: str, check: str, why: str = "Diuji terpisah") -> Finding:
    """What the judge says of a check that the configuration switched off."""
    off = unknown(target, check, Reason.DISABLED)
    return msgspec.structs.replace(off, message=Message(id="Kalimat", en="Sentence", arguments={"detail": why}))


def passed(target: str, *checks: str) -> list[Finding]:
    return [finding(target, check) for check in checks]


def unknown(target: str, check: str, reason: Reason) -> Finding:
    return finding(target, check, state=State.UNKNOWN, reason=reason)


def run_of(
    targets: Iterable[Target],
    records: Iterable[TargetRecord],
    findings: Mapping[str, Iterable[Finding]],
    *,
    agency: str = "",
    zone: str = "UTC",
    profile: str = "default",
    ending: Ending | None = ENDED,
    judged: bool = True,
    **estate: Any,
) -> Run:
    manifest = Manifest(
        run="20261121T010200-7f3a",
        started=START,
        tool=Tool("1.0.0", "3.11.9", "OpenSSL 3.0", 1),
        agent="Pindai/1.0.0",
        estate=Estate(
            targets=tuple(targets),
            scope=Scope(names=("*.contoh.test",)),
            agency=agency,
            time_zone=zone,
            source="targets.toml",
            **estate,
        ),
        profile=msgspec.structs.replace(load_profile("default"), name=profile),
        resolvers=("127.0.0.1:53",),
        checks=(CheckUsed("web.hsts.policy", 1, {"min_age": "P365D"}),),
    )
    journal = Journal.in_memory()
    journal.put_manifest(msgspec.json.encode(manifest))
    for it in records:
        journal.commit(it, {"probe:1": EVIDENCE}, {EVIDENCE: b"{}"})
        if judged:
            journal.put_findings(it.id, findings.get(it.id, ()))
    if ending is not None:
        journal.put_end(msgspec.json.encode(ending))
    return Run(journal)


ALL = tuple(CHECKS)


def rest(target: str, *but: str) -> list[Finding]:
    """Passes of all checks but these."""
    return passed(target, *(check for check in ALL if check not in but))


def city() -> Run:
    """Six targets of three units: one expired certificate, two without redirect, one behind a firewall."""
    hsts = {
        "id": "Tidak ada header Strict-Transport-Security di https://{}.contoh.test/",
        "en": "No Strict-Transport-Security header on https://{}.contoh.test/",
    }
    plain = {
        "id": "http://{}.contoh.test/ menjawab 200 melalui HTTP biasa, tidak mengalihkan ke HTTPS",
        "en": "http://{}.contoh.test/ answers 200 over plain HTTP instead of leading to HTTPS",
    }

    def said(texts: dict[str, str], name: str) -> dict[str, str]:
        return {language: text.format(name) for language, text in texts.items()}

    def no_hsts(name: str) -> Finding:
        return finding(name, "web.hsts.policy", "medium", outcome="missing", **said(hsts, name))

    def not_led(name: str) -> Finding:
        return finding(name, "web.https.redirect", "high", outcome="serves_content", **said(plain, name))

    def untidy(name: str, key: str) -> Finding:
        return finding(name, "tls.certificate.chain", "low", outcome="unneeded", key=key, id="Rantai", en="Chain")

    findings = {
        "arsip": [
            finding(
                "arsip",
                "tls.certificate.expiry",
                "critical",
                outcome="expired",
                id="Sertifikat berakhir 19 November 2026 07.59 WITA",
                en="The certificate expired on 19 November 2026 07:59 WITA",
            ),
            no_hsts("arsip"),
            *rest("arsip", "tls.certificate.expiry", "web.hsts.policy"),
        ],
        "api.perizinan": [
            not_led("api.perizinan"),
            untidy("api.perizinan", "a"),
            untidy("api.perizinan", "b"),
            *rest("api.perizinan", "web.https.redirect"),
        ],
        "perizinan": [
            not_led("perizinan"),
            no_hsts("perizinan"),
            untidy("perizinan", "a"),
            *rest("perizinan", "web.https.redirect", "web.hsts.policy"),
        ],
        "www": [no_hsts("www"), untidy("www", "a"), *rest("www", "web.hsts.policy")],
        "ppid": rest("ppid"),
        "sso": [unknown("sso", check, Reason.BLOCKED) for check in ALL],
    }
    units = {
        "arsip": "Dinas Kearsipan",
        "api.perizinan": "DPMPTSP",
        "perizinan": "DPMPTSP",
        "www": "Diskominfo",
        "ppid": "Diskominfo",
        "sso": "Diskominfo",
    }
    records = [
        record(name, "blocked" if name == "sso" else "", "status 403 to 8 requests" if name == "sso" else "")
        for name in units
    ]
    return run_of(
        [target(name, unit=unit) for name, unit in units.items()],
        records,
        findings,
        agency="Pemerintah Kota Contoh",
        zone="Asia/Makassar",
    )


def province(units: int = 50, each: int = 18) -> Run:
    """900 targets of 50 units; every third has a medium finding, some a graver one, 39 were not observed."""
    targets, records, findings = [], [], {}
    for index in range(units * each):
        name = f"t{index:03}"
        unit = index // each
        targets.append(target(name, f"https://layanan-{index:03}.opd-{unit:02}.contoh.test/", f"Dinas Nomor {unit:02}"))
        reason = {0: "blocked", 1: "no_address"}.get(index % 2, "") if index % 23 == 7 else ""
        records.append(record(name, reason))
        if reason:
            findings[name] = [unknown(name, check, Reason(reason)) for check in ALL]
            continue
        found = []
        if index % 3 == 0:
            text = f"https://layanan-{index:03}.opd-{unit:02}.contoh.test/"
            found.append(
                finding(
                    name,
                    "web.hsts.policy",
                    "medium",
                    outcome="missing",
                    id=f"Tidak ada header Strict-Transport-Security di {text}",
                    en=f"No Strict-Transport-Security header on {text}",
                )
            )
        if index % 100 == 3:
            found.append(
                finding(
                    name,
                    "tls.certificate.expiry",
                    "critical",
                    outcome="expired",
                    id=f"Sertifikat berakhir {index % 28 + 1} November 2026 07.59 WITA",
                    en=f"The certificate expired on {index % 28 + 1} November 2026 07:59 WITA",
                )
            )
        findings[name] = [*found, *rest(name, *(it.check for it in found))]
    return run_of(targets, records, findings, agency="Pemerintah Provinsi Contoh", zone="Asia/Makassar")


def own_machine() -> Run:
    """What a developer sees: one URL, typed by hand."""
    name = "https://localhost:8443/"
    findings = [
        finding(
            name,
            "web.hsts.policy",
            "medium",
            outcome="missing",
            id=f"Tidak ada header Strict-Transport-Security di {name}",
            en=f"No Strict-Transport-Security header on {name}",
        ),
        finding(
            name,
            "tls.certificate.chain",
            "critical",
            outcome="self_signed",
            id="Sertifikat ditandatangani kuncinya sendiri, bukan oleh otoritas: CN=localhost",
            en="The certificate is signed by its own key and by no authority: CN=localhost",
        ),
        *rest(name, "web.hsts.policy", "tls.certificate.chain"),
    ]
    return run_of([Target(id=name, url=name)], [record(name)], {name: findings}, profile="local")


def interrupted() -> Run:
    """Stopped by Ctrl-C after two of four targets; the second could not be reached, which is a finding."""
    names = ["www", "ppid", "sso", "arsip"]
    down = finding(
        "ppid",
        "uptime.reachable",
        "critical",
        outcome="no_answer",
        id="Tidak menjawab dalam 2 percobaan: koneksi ditolak",
        en="No answer in 2 tries: connection refused",
    )
    findings = {
        "www": rest("www"),
        "ppid": [down, *(unknown("ppid", check, Reason.REFUSED) for check in ALL if check != "uptime.reachable")],
    }
    return run_of(
        [target(name, unit="Diskominfo") for name in names],
        [record("www"), record("ppid", "refused", "connection refused")],
        findings,
        agency="Pemerintah Kota Contoh",
        zone="Asia/Jakarta",
        ending=Ending(END, "SIGINT"),
    )


def decided() -> Run:
    """Four targets seen from the intranet by a named authorisation, held against the official list: one finding is
    accepted, one check switched off, part of the configuration is wrong, and the scan window closed before the last.
    """
    names = ["arsip", "ppid", "sso", "www"]
    hsts = {"id": "Tidak ada header Strict-Transport-Security", "en": "No Strict-Transport-Security header"}
    findings = {
        "arsip": [
            accepted(finding("arsip", "tls.certificate.expiry", "critical", id="Sertifikat berakhir", en="Expired")),
            *rest("arsip", "tls.certificate.expiry"),
        ],
        "ppid": [switched_off("ppid", "web.hsts.policy"), *rest("ppid", "web.hsts.policy")],
        "sso": [
            finding("sso", "web.hsts.policy", "medium", outcome="missing", **hsts),
            *rest("sso", "web.hsts.policy"),
        ],
    }
    return run_of(
        [target(name, unit="Diskominfo") for name in names],
        [record(name) for name in names[:3]],
        findings,
        agency="Pemerintah Kota Contoh",
        zone="Asia/Makassar",
        ending=Ending(END, "window"),
        vantage=VantagePoint(Vantage.INTRANET, "Ruang server Diskominfo", "10.0.0.7"),
        authorisation=Authorisation("ST-12/KOMINFO/2026", date(2026, 12, 31), "Kepala Dinas"),
        marking="TERBATAS",
        problems=tuple(f"units/dinas-{number}.toml:3: target.1.url: expected a URL" for number in range(7)),
        population=Population(
            document="SK Wali Kota 100/2026",
            date=date(2026, 1, 5),
            services=tuple(PopulationService(name, hosts=(f"{name}.contoh.test",)) for name in [*names, "lain"]),
        ),
    )


HOSTILE = "a\x1b]0;x\x07\x1b[2Jb\r\nc\u202edlrow\u200b\u2028\u0301\u4e2d\u05d0\ud83d"
"""Takes over the title, clears the screen, ends the line, turns the writing round, hides itself."""


def hostile() -> Run:
    """Everything a server, a name or a file can say, said badly."""
    text = HOSTILE.encode("utf-8", "replace").decode() * 3
    findings = [
        finding("www", "web.hsts.policy", "medium", id=text, en=text),
        finding(
            "www", "tls.certificate.expiry", "critical", id=f"Sertifikat untuk {text}", en=f"Certificate for {text}"
        ),
        finding("www", "x.y", state=State.ERROR, id=text, en=text),
    ]
    return run_of(
        [
            target("www", unit=text),
            Target(id=text, url="https://sso.contoh.test/%1b[2J?a=\u202e".replace("\u202e", "%e2%80%ae")),
        ],
        [record("www"), record(text, "refused", detail=text)],
        {"www": findings},
        agency=text,
        profile=text,
        vantage=VantagePoint(Vantage.INTERNET, text, text),
        authorisation=Authorisation(text, date(2026, 12, 31), text),
        marking=text,
        problems=(text,),
        population=Population(text, date(2026, 1, 5)),
    )
