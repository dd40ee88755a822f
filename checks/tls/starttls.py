"""Services that begin TLS within their own protocol (STARTTLS)."""

from collections.abc import Iterator

from scanner.api import DoesNotApply, FixedBy, Outcome, Passed, Severity, Unobserved, Verdict, check, unknown
from scanner.derive.tls_facts import Trials, TrialState
from scanner.derive.tls_service import TLS_KINDS, TlsService, tls_service, trials

NOT_OFFERED = Outcome(
    "not_offered",
    en="The {protocol} service on port {port} offers no TLS",
    id="Layanan {protocol} pada port {port} tidak menawarkan TLS",
    severity=Severity.HIGH,
)
INJECTION = Outcome(
    "injection",
    en="The {protocol} service on port {port} carries out a command that was sent in clear before TLS began",
    id="Layanan {protocol} pada port {port} menjalankan perintah yang dikirim tanpa enkripsi sebelum TLS dimulai",
    severity=Severity.HIGH,
)
OFFERED = Passed(
    "offered",
    en="The {protocol} service on port {port} begins TLS",
    id="Layanan {protocol} pada port {port} memulai TLS",
)
FORGOTTEN = Passed(
    "forgotten",
    en="A command sent in clear before TLS began was not carried out",
    id="Perintah yang dikirim tanpa enkripsi sebelum TLS dimulai tidak dijalankan",
)
AT_ONCE = DoesNotApply(
    "at_once",
    en="The service speaks TLS at once",
    id="Layanan langsung memakai TLS",
)
COMMANDS = "commands before TLS"


@check(
    "tls.starttls",
    trials,
    tls_service,
    each=tls_service,
    kinds=TLS_KINDS,
    version=1,
    fixed_by=FixedBy.PLATFORM,
    outcomes=(NOT_OFFERED, INJECTION, OFFERED, FORGOTTEN, AT_ONCE),
    references=("RFC 3207 4.2", "RFC 8314 3.3", "CVE-2011-0411"),
)
def starttls(made: Trials, service: TlsService) -> Iterator[Verdict]:
    """A port whose owner says that TLS is begun there begins it, and forgets what was sent in clear before.

    For smtp, imap, pop3 and ftp a second command (NOOP) is sent in one packet with STARTTLS; it must not be answered inside
    TLS.

    Apa: Port yang menurut pemiliknya memulai TLS memang memulainya, dan melupakan apa yang dikirim tanpa enkripsi
        sebelumnya.
    Rincian: Untuk smtp, imap, pop3, dan ftp, perintah kedua (NOOP) dikirim dalam satu paket dengan STARTTLS; perintah itu
        tidak boleh dijawab di dalam TLS.
    Why: Without TLS passwords and messages can be read on the way. And a service that remembers what was sent in clear lets
        whoever stands in between slip a command of his own into the session of another.
    Sebab: Tanpa TLS kata sandi dan pesan dapat dibaca di jalan. Layanan yang mengingat kiriman tanpa enkripsi memungkinkan
        pihak di tengah menyelipkan perintahnya ke dalam sesi orang lain.
    Fix: Give the service a certificate and turn TLS on; better, offer the port on which TLS begins at once (465, 993, 995,
        990, 636).
    Perbaikan: Beri layanan sertifikat dan aktifkan TLS; lebih baik lagi sediakan port yang langsung memakai TLS (465, 993,
        995, 990, 636).
    shell:
        postconf -e smtpd_tls_security_level=may
        postconf -e smtpd_tls_chain_files=/etc/postfix/layanan.pem
        systemctl reload postfix
    Fix (injection): Update the server's software: versions repaired since 2011 empty their buffer when TLS begins.
    Perbaikan (injection): Perbarui perangkat lunak server: versi yang diperbaiki sejak 2011 mengosongkan penyangganya saat
        TLS dimulai.
    Careful: Clients that are set to use no TLS still connect until it is required (`smtpd_tls_security_level=encrypt` on a
        submission port).
    Hati-hati: Klien yang disetel tanpa TLS masih dapat terhubung sampai TLS diwajibkan (`smtpd_tls_security_level=encrypt`
        pada port submission).
    """
    if not service.starttls:
        yield AT_ONCE()
        return
    named: dict[str, str | int] = {"protocol": service.starttls, "port": service.port}
    if made.offers is False:
        yield NOT_OFFERED(**named)
        return
    if made.offers is not True:
        yield unknown(made.offers) if isinstance(made.offers, Unobserved) else AT_ONCE()
        return
    yield OFFERED(**named)
    trial = made.of("starttls")
    if trial is None:
        return
    about = COMMANDS, str(service)
    if isinstance(trial.state, Unobserved):
        yield unknown(trial.state).about(*about)
    elif trial.state is TrialState.SHOWN:
        yield INJECTION(**named).about(*about)
    else:
        yield FORGOTTEN().about(*about)
