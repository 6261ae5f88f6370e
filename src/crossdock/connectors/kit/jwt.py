"""Assertions by which we prove ourselves with a private key: signed by it, and valid for minutes.

Sources: RFC 7523 section 3 (claims), RFC 7515 sections 3.1 and 7.1 (compact form), RFC 7518
sections 3.3 and 3.4 (RS256, ES256). The key says which of the two it is.
"""

from __future__ import annotations

import base64
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

LIFE_SECONDS: Final = 300
"""How long an assertion is valid: longer than two clocks differ, too short to be of use later."""

RSA_BITS_MIN: Final = 2_048

_COORDINATE_BYTES: Final = 32


class Signer:
    """A private key, and what is said of its owner in every assertion."""

    def __init__(
        self,
        key: str,
        *,
        issuer: str,
        subject: str,
        audience: str,
        key_id: str = "",
        scope: str = "",
    ) -> None:
        """`key` is in PEM, without a password; raises ValueError, which does not show it."""
        self._key = _read(key)
        algorithm = "RS256" if isinstance(self._key, rsa.RSAPrivateKey) else "ES256"
        header = {"alg": algorithm, "typ": "JWT", **({"kid": key_id} if key_id else {})}
        self._header = _part(header)
        self._claims = {"iss": issuer, "sub": subject, "aud": audience}
        if scope:
            self._claims["scope"] = scope

    def __repr__(self) -> str:
        """Name who is proven, never the key."""
        return f"Signer({self._claims['iss']!r})"

    def assertion(self, now: datetime) -> str:
        """An assertion of this moment; each moment has one of its own."""
        issued = int(now.timestamp())
        name = sha256(f"{self._claims['iss']}/{now.isoformat()}".encode()).hexdigest()[:32]
        times = {"iat": issued, "exp": issued + LIFE_SECONDS, "jti": name}
        signed = f"{self._header}.{_part({**self._claims, **times})}"
        return f"{signed}.{_base64(self._signature(signed.encode()))}"

    def _signature(self, signed: bytes) -> bytes:
        if isinstance(self._key, rsa.RSAPrivateKey):
            return self._key.sign(signed, padding.PKCS1v15(), SHA256())
        r, s = decode_dss_signature(self._key.sign(signed, ec.ECDSA(SHA256())))
        return r.to_bytes(_COORDINATE_BYTES, "big") + s.to_bytes(_COORDINATE_BYTES, "big")


def _read(pem: str) -> rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey:
    """The key; raises ValueError for one that neither of the algorithms signs with."""
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError):  # it may quote what it could not read
        raise ValueError("no private key in PEM without a password") from None
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size >= RSA_BITS_MIN:
        return key
    if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1):
        return key
    raise ValueError(f"a private key is RSA of {RSA_BITS_MIN} bits or more, or of the curve P-256")


def _part(said: dict[str, Any]) -> str:
    return _base64(msgspec.json.encode(said))


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
