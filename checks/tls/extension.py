"""Extensions of TLS 1.2 without which a handshake can be mixed up with another (RFC 7627)."""

from collections.abc import Iterator

from scanner.api import DoesNotApply, FixedBy, Outcome, Passed, Severity, Verdict, check, unknown
from scanner.derive.tls_facts import NEVER_ASKED, Swept, TlsVersion
from scanner.derive.tls_service import TLS_KINDS, swept, tls_service
from scanner.derive.tls_weakness import is_open
from scanner.observations.steps import Unobserved

MISSING = Outcome(
    "missing",
    en="The server does not support the extended master secret",
    id="Server tidak mendukung extended master secret",
    severity=Severity.LOW,
)
SUPPORTED = Passed(
    "supported",
    en="The server supports the extended master secret",
    id="Server mendukung extended master secret",
)
NO_TLS12 = DoesNotApply(
    "no_tls12",
    en="TLS 1.2 is off; TLS 1.3 binds its keys to the whole handshake by itself",
    id="TLS 1.2 tidak aktif; TLS 1.3 dengan sendirinya mengikat kunci pada seluruh jabat tangan",
)


@check(
    "tls.extension.ems",
    swept,
    each=tls_service,
    kinds=TLS_KINDS,
    version=1,
    fixed_by=FixedBy.PLATFORM,
    outcomes=(MISSING, SUPPORTED, NO_TLS12),
    references=("RFC 7627", "RFC 9325 3.5"),
)
def ems(seen: Swept) -> Iterator[Verdict]:
    r"""TLS 1.2 binds the keys of a session to its whole handshake.

    Apa: TLS 1.2 mengikat kunci sesi pada seluruh jabat tangannya.
    Why: Without it two sessions can be made to have the same keys, and one be passed off as the other (triple handshake).
    Sebab: Tanpa itu dua sesi dapat dibuat berkunci sama, lalu yang satu disamarkan sebagai yang lain (triple handshake).
    Fix: Update the TLS library: OpenSSL has it since 1.1.0, GnuTLS since 3.4, Windows since 2016.
    Perbaikan: Perbarui pustaka TLS: OpenSSL memilikinya sejak 1.1.0, GnuTLS sejak 3.4, Windows sejak 2016.
    IIS:
        # PowerShell
        $key = "HKLM:\SYSTEM\CurrentControlSet\Control\SecurityProviders\SCHANNEL"
        Set-ItemProperty $key -Name DisableServerExtendedMasterSecret -Value 0 -Type DWord
    """
    spoken = {it.version for it in seen.spoken}
    answer = seen.extended_master_secret
    if TlsVersion.TLS12 not in spoken:
        why = is_open(seen, TlsVersion.TLS12)
        yield NO_TLS12() if why is None else unknown(why)
    elif isinstance(answer, Unobserved):
        yield unknown(answer)
    elif answer is None:
        yield unknown(NEVER_ASKED)
    else:
        yield SUPPORTED() if answer else MISSING()
