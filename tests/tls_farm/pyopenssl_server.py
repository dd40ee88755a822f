"""OpenSSL 4 as a server: that of pyOpenSSL, with what it has switched on by default (hybrid groups among them)."""

import contextlib
import json
import selectors
import socket
import sys
from pathlib import Path

from OpenSSL import SSL

VERSIONS = {"TLSv1.0": 0x301, "TLSv1.1": 0x302, "TLSv1.2": 0x303, "TLSv1.3": 0x304}


def context_of(row: dict) -> SSL.Context:
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.set_min_proto_version(min(VERSIONS[it] for it in row["versions"]))
    context.set_max_proto_version(max(VERSIONS[it] for it in row["versions"]))
    if "ciphers" in row:
        context.set_cipher_list(row["ciphers"].encode())
    if "suites13" in row:
        context.set_tls13_ciphersuites(row["suites13"].encode())
    for name in row.get("options", ()):
        context.set_options(getattr(SSL, name))
    for chain, key in row["chains"]:
        context.use_certificate_chain_file(chain)
        context.use_privatekey_file(key)
    return context


def main() -> None:
    config = json.loads(Path(sys.argv[1]).read_text())
    selector = selectors.DefaultSelector()
    for row in config["rows"]:
        listener = socket.create_server((config["address"], row["port"]), backlog=64)
        listener.setblocking(False)
        selector.register(listener, selectors.EVENT_READ, context_of(row))
    while True:
        for key, _ in selector.select():
            if isinstance(key.data, SSL.Context):
                accepted, _ = key.fileobj.accept()
                accepted.setblocking(False)
                connection = SSL.Connection(key.data, accepted)
                connection.set_accept_state()
                selector.register(accepted, selectors.EVENT_READ, connection)
                continue
            try:
                if key.data.recv(4096):
                    key.data.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n")
                    key.data.shutdown()
            except (SSL.WantReadError, SSL.WantWriteError):
                continue
            except (SSL.Error, OSError):
                pass
            selector.unregister(key.fileobj)
            with contextlib.suppress(OSError):  # what was not read would make a reset of the end
                while key.fileobj.recv(65536):
                    pass
            key.fileobj.close()


if __name__ == "__main__":
    main()
