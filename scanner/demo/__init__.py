"""A small agency on loopback, with real servers and deliberate faults, to try Pindai on.

Nothing here leaves the machine: every address is in 127.77.0.0/24 and every name ends in `contoh.test`
(RFC 6761 keeps `.test` out of the public DNS). The servers are real ones, speaking DNS, TLS and HTTP, so what
the scanner says about them is what it would say about a service on the internet.

Import `scanner.demo.estate`; this module stays empty so that `pindai --help` loads no cryptography.
"""
