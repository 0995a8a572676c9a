"""The console's own TLS: which certificate, and which versions and ciphers."""

from __future__ import annotations

import ssl
from pathlib import Path

from governance_console.errors import CannotStart, reason


def server_context(cert: Path, key: Path) -> ssl.SSLContext:
    """A server's context with Python's modern defaults: TLS 1.2 and newer, forward secrecy, no compression.

    ``cert`` is the certificate with its chain, ``key`` its private key, both PEM. Raises CannotStart.
    """
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = max(context.minimum_version, ssl.TLSVersion.TLSv1_2)
    for name, path in (("TLS_CERT", cert), ("TLS_KEY", key)):
        try:
            path.open("rb").close()
        except OSError as error:
            raise CannotStart(f"{name}: {path} cannot be read: {reason(error)}") from None
    try:
        # The password is never asked for: a console that waits for somebody to type does not start by itself.
        context.load_cert_chain(cert, key, password="")
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            why = f"{key} is not the key of {cert}"
        else:
            why = f"{cert} and {key} have to be a certificate and its unencrypted key, in PEM"
        raise CannotStart(f"TLS_CERT and TLS_KEY: {why}") from None
    return context
