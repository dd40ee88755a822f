"""The plug-in held against Pindai's rules: run it with `pytest`."""

from datetime import UTC, datetime

from pindai_contoh.checks import status_line_version
from pindai_contoh.probes import AskStatusLine, StatusLine

from scanner.api import Reason, Unobserved
from scanner.conformance import Case, PluginConformance, Seen
from scanner.observations.endpoint import Endpoint, Source

HERE = Endpoint("layanan.example", 80, "192.0.2.1", Source.RESOLVER)
PROBE = AskStatusLine(endpoint=HERE, host="layanan.example", path="/", tls=False, agent="Pindai/test")


def answered(line: str | Unobserved) -> StatusLine:
    return StatusLine(started=datetime(2026, 1, 2, tzinfo=UTC), took_ms=3.0, endpoint=HERE, path="/", line=line)


class TestContoh(PluginConformance):
    distribution = "pindai-contoh"
    cases = (
        Case(status_line_version, "HTTP/1.1 200 OK", says="current"),
        Case(status_line_version, "HTTP/1.0 200 OK", says="old"),
        Case(status_line_version, "HTTP/1.0 200 OK", params={"oldest": 1.0}, says="current"),
        Case(status_line_version, "SSH-2.0-OpenSSH_9.6", says="no_version"),
    )
    seen = (
        Seen(PROBE, answered("HTTP/1.1 200 OK")),
        Seen(PROBE, answered(Unobserved(Reason.TIMEOUT, "no answer within 10 s"))),
    )
