"""mbedTLS 2.28 as a server, through python-mbedtls."""

import contextlib
import json
import socket
import sys
import threading
from pathlib import Path

from mbedtls import pk, tls, x509


def serve(address: str, row: dict) -> None:
    chain, key_file = row["chains"][0]
    certificates = [
        x509.CRT.from_PEM(it + "-----END CERTIFICATE-----\n")
        for it in Path(chain).read_text().split("-----END CERTIFICATE-----\n")
        if it.strip()
    ]
    key = (
        (pk.RSA if "RSA" in Path(key_file).read_text() else pk.ECC).from_PEM(Path(key_file).read_text())
        if False
        else None
    )
    text = Path(key_file).read_text()
    key = pk.RSA.from_buffer(text.encode() + b"\0") if "RSA" in text else pk.ECC.from_buffer(text.encode() + b"\0")
    options = {"ciphers": row["ciphers"]} if "ciphers" in row else {}
    configuration = tls.TLSConfiguration(
        certificate_chain=(certificates, key),
        validate_certificates=False,
        lowest_supported_version=getattr(tls.TLSVersion, row.get("lowest", "TLSv1_2")),
        highest_supported_version=tls.TLSVersion.TLSv1_2,
        **options,
    )
    context = tls.ServerContext(configuration)
    listener = socket.create_server((address, row["port"]), backlog=64)
    while True:
        accepted, _ = listener.accept()
        threading.Thread(target=handle, args=(context, accepted), daemon=True).start()


def handle(context, accepted) -> None:
    accepted.settimeout(10)
    with contextlib.suppress(Exception), accepted:
        connection = context.wrap_socket(accepted)
        connection.do_handshake()
        connection.recv(4096)
        connection.send(b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n")
        connection.close()


if __name__ == "__main__":
    config = json.loads(Path(sys.argv[1]).read_text())
    for it in config["rows"]:
        threading.Thread(target=serve, args=(config["address"], it)).start()
