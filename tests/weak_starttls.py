"""Small services of smtp, imap, pop3 and ftp that begin TLS rightly, or forget nothing of what was sent before, or refuse.

    with starttls_service("smtp", "remembers") as port: ...

Ways: `sound` (what came with STARTTLS is thrown away), `remembers` (it is carried out within TLS: CVE-2011-0411),
`turns_down` (more than STARTTLS in a packet ends the connection), `offers_none`, `unlike` (another protocol altogether),
`greets_again` (says something of its own accord after the handshake), `silent`, `turned_away` (busy), `goes_on` (agrees, and
then speaks in clear).
"""

import contextlib
import socketserver
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from tls_servers import ADDRESS, written

WAYS = ("sound", "remembers", "turns_down", "offers_none", "unlike", "silent", "turned_away", "goes_on", "greets_again")

GREETING = {
    "smtp": b"220-mail.farm.test\r\n220 ready\r\n",
    "imap": b"* OK [CAPABILITY IMAP4rev1] ready\r\n",
    "pop3": b"+OK ready\r\n",
    "ftp": b"220-first\r\n line\r\n220 ready\r\n",
}
BUSY = {"smtp": b"421 later\r\n", "imap": b"* BYE later\r\n", "pop3": b"-ERR later\r\n", "ftp": b"421 later\r\n"}
AGAIN = {"smtp": b"250 welcome\r\n", "imap": b"* OK\r\n", "pop3": b"+OK welcome\r\n", "ftp": b"230 welcome\r\n"}
BEGIN = {"smtp": b"STARTTLS", "imap": b"a1 STARTTLS", "pop3": b"STLS", "ftp": b"AUTH TLS"}
YES = {"smtp": b"220 go\r\n", "imap": b"* OK soon\r\na1 OK go\r\n", "pop3": b"+OK go\r\n", "ftp": b"234 go\r\n"}
NO = {"smtp": b"502 no\r\n", "imap": b"a1 BAD no\r\n", "pop3": b"-ERR no\r\n", "ftp": b"530 no\r\n"}


def _answer(protocol: str, line: bytes) -> tuple[bytes, bool]:
    """The answer to any other command, and whether it is the last."""
    tag, _, word = line.partition(b" ")
    if protocol == "imap":
        last = word == b"LOGOUT"
        return (b"* BYE\r\n" if last else b"") + tag + b" OK\r\n", last
    last = line == b"QUIT"
    if protocol == "pop3":
        return b"+OK\r\n", last
    if line.startswith(b"EHLO"):
        return b"250-mail.farm.test\r\n250 SIZE 1000\r\n", False
    return (b"221 bye\r\n" if last else b"250 ok\r\n"), last


class _Service(socketserver.BaseRequestHandler):
    server: "_Server"

    def handle(self) -> None:
        with contextlib.suppress(OSError), contextlib.ExitStack() as streams:
            self._serve(streams)

    def _serve(self, streams: contextlib.ExitStack) -> None:
        protocol, way = self.server.protocol, self.server.way
        if way == "silent":
            time.sleep(3)
            return
        if way == "unlike":
            self.request.sendall(b"SSH-2.0-server\r\n")
            return
        self.request.sendall(BUSY[protocol] if way == "turned_away" else GREETING[protocol])
        stream, rest = self.request, b""
        while True:
            while b"\r\n" not in rest:
                if not (data := stream.recv(4096)):
                    return
                rest += data
            line, _, rest = rest.partition(b"\r\n")
            if line != BEGIN[protocol]:
                answer, last = _answer(protocol, line)
                stream.sendall(answer)
                if last:
                    return
                continue
            if way == "offers_none":
                stream.sendall(NO[protocol])
                continue
            if rest and way == "turns_down":
                return
            stream.sendall(YES[protocol] + (b"and more\r\n" if way == "goes_on" else b""))
            rest = rest if way == "remembers" else b""
            stream = streams.enter_context(self.server.context.wrap_socket(stream, server_side=True))
            if way == "greets_again":
                stream.sendall(AGAIN[protocol])


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, protocol: str, way: str, context: ssl.SSLContext) -> None:
        self.protocol, self.way, self.context = protocol, way, context
        super().__init__((ADDRESS, 0), _Service)

    def handle_error(self, request: object, client_address: object) -> None:
        """Trials break connections off; that is no error."""


@contextlib.contextmanager
def starttls_service(directory: Path, protocol: str, way: str = "sound") -> Iterator[int]:
    """A service on a port of its own at ADDRESS."""
    assert way in WAYS
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*written(directory, "rsa"))
    with _Server(protocol, way, context) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()
