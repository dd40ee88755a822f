"""Whether the service's name leads to an address (RFC 1034)."""

from collections.abc import Iterator

from scanner.api import (
    DoesNotApply,
    FixedBy,
    Kind,
    Outcome,
    Passed,
    Reason,
    Severity,
    Undecided,
    Unobserved,
    Verdict,
    check,
    unknown,
)
from scanner.derive.service import resolution
from scanner.observations.endpoint import Resolution, Source

NO_ADDRESS = Outcome(
    "no_address",
    en="The name {host} leads to no address: {detail}",
    id="Nama {host} tidak mengarah ke alamat: {detail}",
    severity=Severity.HIGH,
)
NOT_BY_DNS = Undecided(
    "not_by_dns",
    reason=Reason.NOT_ASKED,
    en="The address of {host} was taken from this machine or from the command line, so DNS was not asked",
    id="Alamat {host} diambil dari mesin ini atau dari baris perintah, sehingga DNS tidak ditanya",
)
NO_NAME = DoesNotApply(
    "no_name",
    en="{host} is no name that DNS knows",
    id="{host} bukan nama yang dikenal DNS",
)
RESOLVES = Passed(
    "resolves",
    en="The name {host} leads to {count} addresses",
    id="Nama {host} mengarah ke {count} alamat",
)


@check(
    "dns.resolves",
    resolution,
    version=1,
    fixed_by=FixedBy.DNS,
    outcomes=(NO_ADDRESS, NOT_BY_DNS, NO_NAME, RESOLVES),
    references=("RFC 1034 3.6", "RFC 2308 2"),
    kinds=frozenset(Kind),
)
def resolves(resolved: Resolution) -> Iterator[Verdict]:
    """The name has an address in DNS.

    That it has none is said only when DNS said so (NXDOMAIN, no data); a resolver that is silent or fails is `unknown`. Only
    the resolvers are asked, so name servers that disagree among themselves are not noticed.

    Apa: Nama ini memiliki alamat di DNS.
    Rincian: Tidak adanya alamat hanya dinyatakan bila DNS menyatakannya (NXDOMAIN, tanpa data); resolver yang diam atau
        gagal menghasilkan `unknown`. Hanya resolver yang ditanya, sehingga server nama yang berbeda jawaban tidak
        terlihat.
    Why: Without an address nobody reaches the service, and a name left behind may be claimed by somebody else.
    Sebab: Tanpa alamat layanan tidak dapat dijangkau, dan nama yang ditinggalkan dapat diambil alih pihak lain.
    Fix: Create or repair the A and AAAA records of the name, or remove it from the zone and from the list of targets.
    Perbaikan: Buat atau perbaiki rekaman A dan AAAA nama ini, atau hapus dari zona dan dari daftar target.
    DNS:
        layanan.contoh.go.id. A 203.0.113.10
        layanan.contoh.go.id. AAAA 2001:db8::10
    Careful: A CNAME that leads to a name nobody holds any more can be claimed by others; remove it, do not leave it.
    Hati-hati: CNAME ke nama yang tidak lagi dimiliki siapa pun dapat diambil alih pihak lain; hapus, jangan dibiarkan.
    """
    outcome = resolved.outcome
    if isinstance(outcome, Unobserved):
        if outcome.reason is Reason.NO_ADDRESS:
            yield NO_ADDRESS(host=resolved.host, detail=outcome.detail, found=outcome.detail)
        else:
            yield unknown(outcome)
    elif outcome.source in (Source.LITERAL, Source.LOCALHOST):
        yield NO_NAME(host=resolved.host)
    elif outcome.source is not Source.RESOLVER:
        yield NOT_BY_DNS(host=resolved.host)
    else:
        yield RESOLVES(host=resolved.host, count=len(outcome.addresses))
