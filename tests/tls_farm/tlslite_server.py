"""tlslite-ng as a server: SSLv3, RC4, NULL, anonymous and odd curves in pure Python."""

import contextlib
import json
import socket
import sys
import threading
from pathlib import Path

from tlslite.api import HandshakeSettings, TLSConnection, X509CertChain, parsePEMKey


def serve(address: str, row: dict) -> None:
    settings = HandshakeSettings()
    for name, value in row.get("settings", {}).items():
        setattr(settings, name, tuple(value) if name in ("minVersion", "maxVersion") else value)
    chain, key = None, None
    if row["chains"]:
        files = row["chains"][0]
        chain = X509CertChain()
        chain.parsePemList(Path(files[0]).read_text())
        key = parsePEMKey(Path(files[1]).read_text(), private=True)
    listener = socket.create_server((address, row["port"]), backlog=64)
    while True:
        accepted, _ = listener.accept()
        threading.Thread(target=handle, args=(accepted, settings, chain, key, row), daemon=True).start()


def handle(accepted: socket.socket, settings, chain, key, row: dict) -> None:
    accepted.settimeout(10)
    with contextlib.suppress(Exception), accepted:
        connection = TLSConnection(accepted)
        connection.handshakeServer(certChain=chain, privateKey=key, settings=settings, anon=row.get("anon", False))
        connection.recv(4096)
        connection.send(b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n")
        connection.close()


if __name__ == "__main__":
    config = json.loads(Path(sys.argv[1]).read_text())
    threads = [threading.Thread(target=serve, args=(config["address"], it)) for it in config["rows"]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
