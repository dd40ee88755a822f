"""Asks for single answers with tlslite-ng's messages (run by its interpreter): hello_client.py, questions on standard input

A line {address, port, name, version, suites, groups, schemes} brings {version, suite, extensions, scheme, group} or
{refused: why}: the first flight only, with every extension offered that the table tells of, unless `few` is said; `number`
is another version number in the hello itself. Of SSLv2 `kinds` come back. The scanner has no part in it.
"""

import contextlib
import json
import os
import socket
import sys

from tlslite.constants import CertificateStatusType
from tlslite.extensions import (
    ALPNExtension,
    ClientKeyShareExtension,
    ECPointFormatsExtension,
    HeartbeatExtension,
    SignatureAlgorithmsExtension,
    SNIExtension,
    StatusRequestExtension,
    SupportedGroupsExtension,
    SupportedVersionsExtension,
    TLSExtension,
)
from tlslite.messages import ClientHello, ServerHello, ServerHello2, ServerKeyExchange
from tlslite.utils.codec import Parser

VERSIONS = {"SSLv3": (3, 0), "TLSv1.0": (3, 1), "TLSv1.1": (3, 2), "TLSv1.2": (3, 3), "TLSv1.3": (3, 4)}
SCTS, ENCRYPT_THEN_MAC, EXTENDED_MASTER_SECRET, SESSION_TICKET, RENEGOTIATION_INFO = 18, 22, 23, 35, 0xFF01


def hello_of(question):
    version = VERSIONS[question["version"]]
    newest = version == (3, 4)
    ssl3 = version == (3, 0)
    extensions = [SNIExtension().create(bytearray(question["name"].encode()))] if question.get("name") else []
    if not question.get("few"):
        extensions += [
            TLSExtension(extType=EXTENDED_MASTER_SECRET).create(bytearray()),
            TLSExtension(extType=ENCRYPT_THEN_MAC).create(bytearray()),
            ALPNExtension().create([bytearray(b"h2"), bytearray(b"http/1.1")]),
            StatusRequestExtension().create(CertificateStatusType.ocsp, (), bytearray()),
            TLSExtension(extType=SCTS).create(bytearray()),
        ]
        if not newest:
            extensions.append(TLSExtension(extType=SESSION_TICKET).create(bytearray()))
            extensions.append(HeartbeatExtension().create(1))
    if not newest:
        extensions.append(TLSExtension(extType=RENEGOTIATION_INFO).create(bytearray(1)))
        extensions.append(ECPointFormatsExtension().create([0]))
    if question["groups"]:
        extensions.append(SupportedGroupsExtension().create(question["groups"]))
    if version >= (3, 3):
        extensions.append(SignatureAlgorithmsExtension().create([divmod(it, 256) for it in question["schemes"]]))
    if newest:
        extensions.append(SupportedVersionsExtension().create([version]))
        extensions.append(ClientKeyShareExtension().create([]))
    suites = [*question["suites"], 0x00FF] if ssl3 else question["suites"]
    hello = ClientHello().create(
        tuple(question.get("number") or min(version, (3, 3))),
        bytearray(os.urandom(32)),
        bytearray(os.urandom(32)) if newest else bytearray(),
        suites,
        extensions=[] if ssl3 else extensions,
    )
    message = hello.write()
    return b"\x16\x03" + (b"\x00" if ssl3 else b"\x01") + len(message).to_bytes(2, "big") + bytes(message)


def messages_of(connection):
    """Handshake messages as (type, body), until the server waits or ends."""
    data, handshake = b"", b""
    while True:
        while len(data) < 5 or len(data) < 5 + int.from_bytes(data[3:5], "big"):
            more = connection.recv(65536)
            if not more:
                return
            data += more
        kind, end = data[0], 5 + int.from_bytes(data[3:5], "big")
        if kind == 21 and data[5] == 2:
            raise ConnectionError(f"alert {data[6]}")
        if kind == 22:
            handshake += data[5:end]
        data = data[end:]
        while len(handshake) >= 4 and len(handshake) >= 4 + int.from_bytes(handshake[1:4], "big"):
            end = 4 + int.from_bytes(handshake[1:4], "big")
            yield handshake[0], handshake[1:end]
            handshake = handshake[end:]


def kinds_of(question):
    """The cipher kinds of an SSLv2 SERVER-HELLO that are ours, too."""
    hello = ClientHello(ssl2=True).create((0, 2), bytearray(os.urandom(16)), bytearray(), question["suites"])
    message = hello.write()
    with socket.create_connection((question["address"], question["port"]), timeout=4) as connection:
        connection.sendall((0x8000 | len(message)).to_bytes(2, "big") + bytes(message))
        connection.shutdown(socket.SHUT_WR)
        data = b""
        while more := connection.recv(65536):
            data += more
    answer = ServerHello2().parse(Parser(bytearray(data[3:])))
    return {"kinds": list(answer.ciphers)}


def asked(question):
    try:
        if question["version"] == "SSLv2":
            return kinds_of(question)
        with socket.create_connection((question["address"], question["port"]), timeout=4) as connection:
            connection.sendall(hello_of(question))
            told = {}
            for kind, body in messages_of(connection):
                if kind == 2:
                    hello = ServerHello().parse(Parser(bytearray(body)))
                    told["suite"] = hello.cipher_suite
                    told["extensions"] = [it.extType for it in hello.extensions or ()]
                    told["version"] = list(hello.server_version)
                    if 43 in told["extensions"]:
                        return told
                elif kind == 12:
                    exchange = ServerKeyExchange(told["suite"], tuple(told["version"]))
                    with contextlib.suppress(AssertionError):  # a suite that tlslite-ng has not
                        exchange.parse(Parser(bytearray(body)))
                    if exchange.signAlg or exchange.hashAlg:
                        told["scheme"] = exchange.hashAlg * 256 + exchange.signAlg
                    told["group"] = exchange.named_curve
                elif kind == 14:
                    return told
            return told or {"refused": "end"}
    except (OSError, SyntaxError, ValueError) as problem:
        return {"refused": f"{type(problem).__name__} {problem}"}


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(asked(json.loads(line))), flush=True)
