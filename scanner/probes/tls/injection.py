"""Commands in clear taken over into TLS (CVE-2011-0411): one that stands behind STARTTLS in the same packet must be lost.

The command does nothing (NOOP). After the handshake the session is ended in the usual way; a weak server answers two
commands then, a sound one answers one, or has turned the packet down.
"""

from functools import partial

from scanner.network import NetworkError
from scanner.observations.steps import Reason
from scanner.observations.tls_trials import Act, Reaction, Tried, Weakness
from scanner.probes.streams import Stream
from scanner.probes.tls.trial_bench import Bench

INJECTED = {"smtp": b"NOOP\r\n", "ftp": b"NOOP\r\n", "pop3": b"NOOP\r\n", "imap": b"i2 NOOP\r\n"}
LAST = {"smtp": b"QUIT\r\n", "ftp": b"QUIT\r\n", "pop3": b"QUIT\r\n", "imap": b"i3 LOGOUT\r\n"}
MAX_BYTES = 4096

BEFORE_TLS = 1
"""The service did not begin TLS, or did not finish the handshake, when the packet held more than STARTTLS."""
_TURNED_DOWN = frozenset(
    {Reason.NOT_TLS, Reason.PROTOCOL_ERROR, Reason.CLOSED, Reason.RESET, Reason.TLS_ALERT, Reason.TLS_FAILED}
)
LOST = 2
"""It answered our last command only."""


async def injection(bench: Bench) -> tuple[Tried, ...]:
    """The attempt; none where a protocol has no commands in text."""
    if bench.starttls not in INJECTED:
        return ()
    return (await bench.attempt(Weakness.INJECTION, partial(_trial, bench)),)


async def _trial(bench: Bench) -> Reaction:
    try:
        injected = await _session(bench, INJECTED[bench.starttls])
    except NetworkError as error:
        if error.unobserved.reason in _TURNED_DOWN:
            return Reaction(Act.REFUSAL, BEFORE_TLS)
        raise
    if not answered_twice(bench.starttls, injected):
        return Reaction(Act.REFUSAL, LOST)
    # Some services say something of their own accord after the handshake: then they do so without the command, too.
    usual = await _session(bench, b"")
    return Reaction(Act.REFUSAL, LOST) if answered_twice(bench.starttls, usual) else Reaction(Act.ANSWER)


async def _session(bench: Bench, pipelined: bytes) -> bytes:
    """What the service says in a session that ends with its first command. Raises NetworkError."""
    from scanner.probes.tls.stream import TlsStream  # brings OpenSSL

    timeouts = bench.lab.profile.timeouts
    async with bench.connected(pipelined) as conversation:
        stream = TlsStream(conversation.wire, bench.sni)
        async with conversation.deadline.phase(timeouts.tls_s, "TLS handshake"):
            await stream.handshake(bench.lab.profile.caps.handshake_bytes)
        stream.send(LAST[bench.starttls])
        async with conversation.deadline.phase(timeouts.answer_s, "answer to the last command"):
            return await _replies(stream, bench.starttls)


async def _replies(stream: Stream, protocol: str) -> bytes:
    """What the service says up to its end, or to the answer to our last command where that is told apart."""
    said = b""
    while len(said) < MAX_BYTES:
        data = await stream.receive()
        said += data
        if not data or (protocol != "pop3" and _has_last(protocol, said)):
            break
    return said


def _has_last(protocol: str, said: bytes) -> bool:
    """Whether a whole line answers QUIT or LOGOUT."""
    start = b"i3 " if protocol == "imap" else b"221 "
    return any(line.startswith(start) for line in said.split(b"\n")[:-1])


def answered_twice(protocol: str, said: bytes) -> bool:
    """Whether the replies answer the injected command, too."""
    lines = [line for line in said.split(b"\n") if line.strip()]
    if protocol == "imap":
        return any(line.startswith(b"i2 ") for line in lines)
    if protocol == "pop3":
        return sum(line.startswith((b"+OK", b"-ERR")) for line in lines) > 1
    return bool(lines) and lines[0][:3].isdigit() and lines[0][:3] not in (b"220", b"221", b"421")
