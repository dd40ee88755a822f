"""Which service of a target a finding is about, where it is not the one of the target's own URL.

A target may have ports beside its URL at which TLS begins by STARTTLS. What is found there is another server's: it is told
with that port, and repaired neither in the web server nor with its lines of configuration.
"""

from scanner.estate import Target
from scanner.findings import Finding, FixedBy


def service_beside(target: Target | None, finding: Finding) -> str:
    """`host:port (protocol)` of a service beside the target's own; empty for the target's own, and for what is no service.

    Of a port that the target does not name, only a subject of kind `service` is taken for one, and no protocol is told.
    """
    if target is None or not (target.starttls or finding.subject.kind == "service"):
        return ""
    url = target.parsed_url
    name = finding.subject.key.partition(" ")[0]  # what comes after it tells several things of one service apart
    host, _, port = name.rpartition(":")
    if host != url.host or not (port.isascii() and port.isdecimal()) or port == str(url.port):
        return ""
    protocol = next((it.protocol for it in target.starttls if str(it.port) == port), "")
    if not protocol:
        return name if finding.subject.kind == "service" else ""
    return f"{name} ({protocol})"


def with_service(service: str, sentence: str) -> str:
    """A finding's sentence, with the service that it is about where that is not the target's own."""
    return f"{service}: {sentence}" if service else sentence


def repaired_by(finding: Finding, service: str) -> FixedBy:
    """Who can repair it: what a check leaves to the web server is not the web server's at a service beside it."""
    return FixedBy.PLATFORM if service and finding.fixed_by is FixedBy.WEB_SERVER else finding.fixed_by
