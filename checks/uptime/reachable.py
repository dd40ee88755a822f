"""Whether the service answers."""

import json
from collections.abc import Iterator

from scanner.api import (
    FixedBy,
    Outcome,
    Passed,
    Reason,
    Severity,
    Undecided,
    Unobserved,
    Verdict,
    check,
    maybe,
    unknown,
)
from scanner.derive.service import Attempt, Attempts, attempts, resolution
from scanner.observations.endpoint import Resolution
from scanner.observations.http import Sought

DOWN_REASONS = frozenset(
    {
        Reason.TIMEOUT,
        Reason.REFUSED,
        Reason.RESET,
        Reason.CLOSED,
        Reason.NOT_TLS,
        Reason.PROTOCOL_ERROR,
    }
)
"""What shows that the service does not answer.

No route, a refused scope, a failed TLS negotiation or an answer longer than we read show less.
"""

NO_NAME = Outcome(
    "no_name",
    en="The name {host} has no address, so nobody can reach the service",
    id="Nama {host} tidak memiliki alamat, sehingga layanan tidak dapat dijangkau siapa pun",
    severity=Severity.CRITICAL,
    fixed_by=FixedBy.DNS,
)
NO_ANSWER = Outcome(
    "no_answer",
    en="No answer in {count} tries: {why}",
    id="Tidak menjawab dalam {count} percobaan: {why}",
    severity=Severity.CRITICAL,
)
WRONG_STATUS = Outcome(
    "wrong_status",
    en="The service answers with status {status} in {count} tries",
    id="Layanan menjawab dengan status {status} dalam {count} percobaan",
    severity=Severity.CRITICAL,
)
WRONG_CONTENT = Outcome(
    "wrong_content",
    en="The service answers with status {status} in {count} tries, but without what is expected: {missing}",
    id="Layanan menjawab dengan status {status} dalam {count} percobaan, tetapi tanpa isi yang diharapkan: {missing}",
    severity=Severity.CRITICAL,
    fixed_by=FixedBy.APPLICATION,
)
REFUSED_US = Undecided(
    "refused_us",
    reason=Reason.BLOCKED,
    en="Status {status} may be the answer of a firewall and not of the service",
    id="Status {status} mungkin jawaban firewall, bukan jawaban layanan",
)
CREDENTIAL_REFUSED = Undecided(
    "credential_refused",
    reason=Reason.PREREQUISITE,
    en="Status {status}: the credential that was configured is not accepted, so what lies behind the login was not seen",
    id="Status {status}: kredensial yang dikonfigurasi tidak diterima, sehingga isi di balik login tidak teramati",
)
ANSWERS = Passed("answers", en="The service answers with status {status}", id="Layanan menjawab dengan status {status}")
ANSWERS_AGAIN = Passed(
    "answers_again",
    en="The service answers with status {status} at the second try; the first brought: {first}",
    id="Layanan menjawab dengan status {status} pada percobaan kedua; yang pertama: {first}",
)


CONTENT_AGAIN = Passed(
    "content_again",
    en="The service answers as expected at the second try; the content of the first, with status {first}, was not",
    id="Layanan menjawab sesuai harapan pada percobaan kedua; isi jawaban pertama, dengan status {first}, tidak sesuai",
)


@check(
    "uptime.reachable",
    resolution,
    maybe(attempts),
    version=2,
    fixed_by=FixedBy.PLATFORM,
    outcomes=(
        *(NO_NAME, NO_ANSWER, WRONG_STATUS, WRONG_CONTENT, REFUSED_US, CREDENTIAL_REFUSED),
        *(ANSWERS, ANSWERS_AGAIN, CONTENT_AGAIN),
    ),
    references=("RFC 9110 15", "RFC 6901 4"),
)
def reachable(resolved: Resolution, tried: Attempts | Unobserved) -> Iterator[Verdict]:
    """The service answers as expected, at the second try after a pause at the latest.

    Apa: Layanan menjawab sesuai harapan, selambatnya pada percobaan kedua setelah jeda.
    Why: A service that does not answer serves nobody; one lost connection is no outage, so it is asked again.
    Sebab: Layanan yang tidak menjawab tidak melayani siapa pun; satu koneksi gagal belum gangguan, jadi ditanya lagi.
    Fix: Look at DNS, the web server, the application behind it, the firewall; `expect.status` names the right statuses.
    Perbaikan: Periksa DNS, server web, aplikasi di belakangnya, dan firewall; `expect.status` menyatakan status yang
        benar.
    Fix (wrong_content): Look at the application and what it depends on; a body that says nothing is often an error page
        with status 200. `expect.text` and `expect.json` name what must be in the answer.
    Perbaikan (wrong_content): Periksa aplikasi dan layanan pendukungnya; isi yang tidak sesuai sering berupa halaman
        galat dengan status 200. `expect.text` dan `expect.json` menyatakan isi yang harus ada dalam jawaban.
    Fix (no_name): Create or repair the A and AAAA records of the name, or take the service off the list of targets.
    Perbaikan (no_name): Buat atau perbaiki rekaman A dan AAAA nama ini, atau hapus layanannya dari daftar target.
    DNS (no_name):
        layanan.contoh.go.id. A 203.0.113.10
        layanan.contoh.go.id. AAAA 2001:db8::10
    """
    if isinstance(tried, Unobserved):
        yield _without_a_try(resolved, tried)
        return
    first, last, count = tried.made[0], tried.made[-1], str(len(tried.made))
    if last.credential_refused:
        yield CREDENTIAL_REFUSED(status=last.in_a_word)
    elif last.expected:
        yield _by_content(first, last, count)
    elif last.blocked:
        yield REFUSED_US(status=last.in_a_word)
    elif last.failure is None:
        wanted = ", ".join(map(str, tried.expect_status)) or "< 500"
        yield WRONG_STATUS(status=last.in_a_word, count=count, expected=wanted, found=last.in_a_word)
    elif last.failure.reason in DOWN_REASONS:
        yield NO_ANSWER(count=count, why=last.failure.reason, found=last.failure.detail or last.in_a_word)
    else:
        yield unknown(last.failure)


def _by_content(first: Attempt, last: Attempt, count: str) -> Verdict:
    """The status is right; what the owner expects of the content decides."""
    status = last.in_a_word
    if last.missing:
        missing = "; ".join(map(_in_words, last.missing))
        return WRONG_CONTENT(status=status, count=count, missing=missing, expected=missing)
    if last.undecided:
        return unknown(last.undecided[0])
    if last is first:
        return ANSWERS(status=status)
    if first.expected:
        return CONTENT_AGAIN(first=first.in_a_word)
    return ANSWERS_AGAIN(status=status, first=first.in_a_word)


def _in_words(sought: Sought) -> str:
    """What was expected, in the owner's words."""
    if sought.pointer is None:
        return f'"{sought.text}"'
    return f"{sought.pointer or '(JSON)'} = {json.dumps(sought.equals, ensure_ascii=False)}"


def _without_a_try(resolved: Resolution, why: Unobserved) -> Verdict:
    outcome = resolved.outcome
    if not isinstance(outcome, Unobserved):
        return unknown(why)
    if outcome.reason is Reason.NO_ADDRESS:
        return NO_NAME(host=resolved.host, found=outcome.detail)
    return unknown(outcome)
