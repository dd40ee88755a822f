"""Any libssl from 0.9.8 to 3 as a server, or as a client that tells what it got: loaded by ctypes in a process of its own.

    python libssl.py serve CONFIG.json       one process, many ports, no threads (old libraries need locks for them)
    python libssl.py ask CONFIG.json         reads questions as JSON lines, answers each with a line

Old wheels bring old libraries that still speak SSLv2, export suites, RC4 and the rest. Only the standard library is
imported, so that any interpreter can run it.
"""

import contextlib
import ctypes
import json
import selectors
import socket
import sys
from ctypes import c_char_p, c_int, c_long, c_ulong, c_void_p
from pathlib import Path

OPTIONS = {
    "no_ssl2": 0x01000000,
    "no_ssl3": 0x02000000,
    "no_tls1": 0x04000000,
    "no_tls1_1": 0x10000000,
    "no_tls1_2": 0x08000000,
    "no_tls1_3": 0x20000000,
    "server_preference": 0x00400000,
    "single_dh": 0x00100000,
    "single_ecdh": 0x00080000,
    "no_ticket": 0x00004000,
    "no_compression": 0x00020000,
    "no_etm": 0x00080000,
    "no_ems": 0x00000001,
    "prioritize_chacha": 0x00200000,
}
VERSIONS = {
    "SSLv2": "no_ssl2",
    "SSLv3": "no_ssl3",
    "TLSv1.0": "no_tls1",
    "TLSv1.1": "no_tls1_1",
    "TLSv1.2": "no_tls1_2",
}
NUMBERS = {"SSLv3": 0x300, "TLSv1.0": 0x301, "TLSv1.1": 0x302, "TLSv1.2": 0x303, "TLSv1.3": 0x304}
WANT_READ, WANT_WRITE = 2, 3


class Libssl:
    """One loaded library."""

    def __init__(self, directory: str) -> None:
        where = Path(directory)
        pair = [next(iter(sorted(where.glob(f"lib{it}[.-]*so*"))), None) for it in ("crypto", "ssl")]
        names = [str(it) if it else f"lib{kind}.so.3" for it, kind in zip(pair, ("crypto", "ssl"), strict=True)]
        self.crypto = ctypes.CDLL(names[0], mode=ctypes.RTLD_GLOBAL)
        self.ssl = ctypes.CDLL(names[1], mode=ctypes.RTLD_GLOBAL)
        self.new = hasattr(self.ssl, "OPENSSL_init_ssl")
        if self.new:
            self.call("OPENSSL_init_ssl", c_int, ctypes.c_uint64(0), None)
        else:
            self.call("SSL_library_init", c_int)
            self.crypto.OPENSSL_add_all_algorithms_noconf()

    def call(self, name, result, *arguments):
        """Call a function of either library; Python numbers are passed as C long, pointers as they are."""
        function = getattr(self.ssl, name, None) or getattr(self.crypto, name)
        function.restype = result
        return function(*[c_long(it) if isinstance(it, int) else it for it in arguments])

    def options(self, context, names) -> None:
        bits = 0
        for it in names:
            bits |= OPTIONS[it]
        if self.new:
            self.call("SSL_CTX_set_options", c_ulong, context, ctypes.c_uint64(bits))
        else:
            self.call("SSL_CTX_ctrl", c_long, context, c_int(32), bits, None)

    def context(self, role: str, versions, ciphers=None, suites13=None, groups=None, options=()):
        """A context for these versions; raises ValueError for what the library does not know."""
        if self.new:
            method = self.call(f"TLS_{role}_method", c_void_p)
            context = c_void_p(self.call("SSL_CTX_new", c_void_p, c_void_p(method)))
            for which, number in ((123, min), (124, max)):
                self.call("SSL_CTX_ctrl", c_long, context, c_int(which), number(NUMBERS[it] for it in versions), None)
            if hasattr(self.ssl, "SSL_CTX_set_security_level"):
                self.call("SSL_CTX_set_security_level", None, context, c_int(0))
        else:
            only = {"SSLv2": "SSLv2", "SSLv3": "SSLv3"}.get(versions[0]) if len(versions) == 1 else None
            method = self.call(f"{only or 'SSLv23'}_{role}_method", c_void_p)
            context = c_void_p(self.call("SSL_CTX_new", c_void_p, c_void_p(method)) if method else None)
            if context.value is None:
                raise ValueError(f"built without {only}")
            options = (*options, *(it for version, it in VERSIONS.items() if version not in versions))
        self.options(context, options)
        if ciphers is not None and not self.call("SSL_CTX_set_cipher_list", c_int, context, ciphers.encode()):
            raise ValueError(f"no cipher in {ciphers}")
        if suites13 is not None and hasattr(self.ssl, "SSL_CTX_set_ciphersuites"):
            self.call("SSL_CTX_set_ciphersuites", c_int, context, suites13.encode())
        if groups is not None and not self.call(
            "SSL_CTX_ctrl", c_long, context, c_int(92), 0, c_char_p(groups.encode())
        ):
            raise ValueError(f"unknown group in {groups}")
        return context

    def served(self, row):
        """The context of a server's row."""
        ciphers, groups = row.get("ciphers"), row.get("groups")
        single = row.get("curve")  # the one curve of a library before 1.0.2
        context = self.context(
            "server", row["versions"], ciphers, row.get("suites13"), None if single else groups, row.get("options", ())
        )
        for chain, key in row["chains"]:
            if not self.call("SSL_CTX_use_certificate_chain_file", c_int, context, chain.encode()):
                raise ValueError(f"{chain} was not taken")
            if not self.call("SSL_CTX_use_PrivateKey_file", c_int, context, key.encode(), c_int(1)):
                raise ValueError(f"{key} was not taken")
        if (file := row.get("dh")) is not None:
            bio = c_void_p(self.call("BIO_new_file", c_void_p, file.encode(), b"r"))
            parameters = c_void_p(self.call("PEM_read_bio_DHparams", c_void_p, bio, None, None, None))
            self.call("SSL_CTX_ctrl", c_long, context, c_int(3), 0, parameters)
        if single:
            key = c_void_p(self.call("EC_KEY_new_by_curve_name", c_void_p, c_int(single)))
            self.call("SSL_CTX_ctrl", c_long, context, c_int(4), 0, key)
        elif groups and not self.new:
            self.call("SSL_CTX_ctrl", c_long, context, c_int(94), 1, None)  # ecdh_auto
        if row.get("export_key"):
            exponent = self.call("RSA_generate_key", c_void_p, c_int(512), c_ulong(65537), None, None)
            self.call("SSL_CTX_ctrl", c_long, context, c_int(2), 0, c_void_p(exponent))
        if row.get("ask_certificate"):
            self.call("SSL_CTX_set_verify", None, context, c_int(1), None)
            names = c_void_p(self.call("SSL_load_client_CA_file", c_void_p, row["ask_certificate"].encode()))
            self.call("SSL_CTX_set_client_CA_list", None, context, names)
        self.call("SSL_CTX_set_session_id_context", c_int, context, b"farm", ctypes.c_uint(4))
        return context

    def cipher_number(self, ssl) -> int:
        cipher = c_void_p(self.call("SSL_get_current_cipher", c_void_p, ssl))
        if hasattr(self.ssl, "SSL_CIPHER_get_id"):
            number = self.call("SSL_CIPHER_get_id", c_ulong, cipher)
        else:
            number = ctypes.cast(cipher.value + 16, ctypes.POINTER(c_ulong)).contents.value
        return number & 0xFFFFFF if number >> 24 == 2 else number & 0xFFFF


def serve(config) -> None:
    """Serve every row, one connection beside the other, until the process is ended."""
    library = Libssl(config["library"])
    selector = selectors.DefaultSelector()
    for row in config["rows"]:
        listener = socket.create_server((config["address"], row["port"]), backlog=64)
        listener.setblocking(False)
        selector.register(listener, selectors.EVENT_READ, (library.served(row), None, False))
    print("READY", flush=True)
    while True:
        for key, _ in selector.select():
            context, ssl, shaken = key.data
            if ssl is None:
                with contextlib.suppress(OSError):
                    connection, _ = key.fileobj.accept()
                    connection.setblocking(False)
                    ssl = c_void_p(library.call("SSL_new", c_void_p, context))
                    library.call("SSL_set_fd", c_int, ssl, c_int(connection.fileno()))
                    selector.register(connection, selectors.EVENT_READ, (context, ssl, False))
                continue
            buffer = ctypes.create_string_buffer(4096)
            library.call("ERR_clear_error", None)
            if not shaken:
                got = library.call("SSL_accept", c_int, ssl)
                if got == 1:
                    selector.modify(key.fileobj, selectors.EVENT_READ, (context, ssl, True))
            else:
                got = library.call("SSL_read", c_int, ssl, buffer, c_int(4096))
                if got > 0:
                    answer = b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n"
                    library.call("SSL_write", c_int, ssl, answer, c_int(len(answer)))
                    library.call("SSL_shutdown", c_int, ssl)
            ended = shaken and got > 0
            if got <= 0:
                wanted = library.call("SSL_get_error", c_int, ssl, c_int(got))
                ended = wanted not in (WANT_READ, WANT_WRITE)
            if ended:
                selector.unregister(key.fileobj)
                library.call("SSL_free", None, ssl)
                with contextlib.suppress(OSError):  # what was not read would make a reset of the end
                    while key.fileobj.recv(65536):
                        pass
                key.fileobj.close()


def ask(config) -> None:
    """Answer questions: {port, version, ciphers, suites13, groups} -> {suite, version} or {refused: why}."""
    library = Libssl(config["library"])
    for line in sys.stdin:
        question = json.loads(line)
        print(json.dumps(asked(library, config["address"], question)), flush=True)


def asked(library, address, question):
    """One handshake."""
    try:
        context = library.context(
            "client",
            [question["version"]],
            question.get("ciphers"),
            question.get("suites13"),
            question.get("groups"),
            question.get("options", ()),
        )
    except ValueError as problem:
        return {"unknown": str(problem)}
    library.call("SSL_CTX_set_verify", None, context, c_int(0), None)
    ssl = c_void_p(library.call("SSL_new", c_void_p, context))
    try:
        with socket.create_connection((address, question["port"]), timeout=5) as connection:
            connection.setblocking(True)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, b"\x03" + bytes(15))
            library.call("SSL_set_fd", c_int, ssl, c_int(connection.fileno()))
            if (name := question.get("name")) is not None:
                library.call("SSL_ctrl", c_long, ssl, c_int(55), 0, c_char_p(name.encode()))
            library.call("ERR_clear_error", None)
            got = library.call("SSL_connect", c_int, ssl)
            if got != 1:
                error = library.call("ERR_get_error", c_ulong) & 0xFFFFFFFF
                # 0.9.8e derives the keys of 40 bits and of SSLv2 wrongly on processors of today; what was chosen is known
                if error & 0xFFF in (113, 1020) and library.call("SSL_get_current_cipher", c_void_p, ssl):
                    return {"suite": library.cipher_number(ssl), "version": library.call("SSL_version", c_int, ssl)}
                return {"refused": error}
            deflated = library.call("SSL_get_current_compression", c_void_p, ssl) is not None
            told = {
                "deflate": deflated,
                "suite": library.cipher_number(ssl),
                "version": library.call("SSL_version", c_int, ssl),
            }
            if library.new:
                told["group"] = library.call("SSL_ctrl", c_long, ssl, c_int(134), 0, None)
            return told
    except OSError as problem:
        return {"refused": str(problem)}
    finally:
        library.call("SSL_free", None, ssl)
        library.call("SSL_CTX_free", None, context)


if __name__ == "__main__":
    {"serve": serve, "ask": ask}[sys.argv[1]](json.loads(Path(sys.argv[2]).read_text()))
