# SPDX-License-Identifier: GPL-3.0-or-later
"""Compact JWS (RFC 7515) with RS256, ES256, ES384, ES512: verification only.

Standard library only, so RSA is pow() and the curves are done by hand: slow,
not constant in time, and fine for a test that holds public keys alone.

    header, claims = verify(token, public_key_pem)   # or raise BadToken
    fingerprint(public_key_pem)                      # "SHA256:..."
"""

import base64
import binascii
import hashlib
import json
import re

OID_RSA = bytes.fromhex("2a864886f70d010101")
OID_EC = bytes.fromhex("2a8648ce3d0201")
PART = re.compile(r"[A-Za-z0-9_-]+")
PEM = re.compile(r"-----BEGIN PUBLIC KEY-----([A-Za-z0-9+/=\s]+)"
                 r"-----END PUBLIC KEY-----")


class BadToken(ValueError):
    """A token or key that is refused, and why."""


class Curve:
    """y^2 = x^3 - 3 x + b over the integers mod p; generator, its order."""

    def __init__(self, alg, digest, p, b, n, x, y):
        self.alg, self.digest = alg, digest
        self.p, self.b, self.n = int(p, 16), int(b, 16), int(n, 16)
        self.generator = (int(x, 16), int(y, 16))
        self.size = (self.p.bit_length() + 7) // 8

    def holds(self, point):
        x, y = point
        return (0 <= x < self.p and 0 <= y < self.p
                and (y * y - x * x * x + 3 * x - self.b) % self.p == 0)

    def add(self, one, two):
        """The sum of two points; None is the point at infinity."""
        if one is None or two is None:
            return one or two
        if one[0] == two[0]:
            if (one[1] + two[1]) % self.p == 0:
                return None
            slope = (3 * one[0] * one[0] - 3) * pow(2 * one[1], -1, self.p)
        else:
            slope = (two[1] - one[1]) * pow(two[0] - one[0], -1, self.p)
        x = (slope * slope - one[0] - two[0]) % self.p
        return x, (slope * (one[0] - x) - one[1]) % self.p

    def multiply(self, factor, point):
        total = None
        while factor:
            if factor & 1:
                total = self.add(total, point)
            point = self.add(point, point)
            factor >>= 1
        return total


# FIPS 186-4 D.1.2, by the OID of RFC 5480 2.1.1.1.
CURVES = {
    "2a8648ce3d030107": Curve(
        "ES256", "sha256",
        "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff",
        "5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b",
        "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
        "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296",
        "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"),
    "2b81040022": Curve(
        "ES384", "sha384",
        "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe"
        "ffffffff0000000000000000ffffffff",
        "b3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875a"
        "c656398d8a2ed19d2a85c8edd3ec2aef",
        "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf"
        "581a0db248b0a77aecec196accc52973",
        "aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a38"
        "5502f25dbf55296c3a545e3872760ab7",
        "3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c0"
        "0a60b1ce1d7e819d7a431d7c90ea0e5f"),
    "2b81040023": Curve(
        "ES512", "sha512",
        "01ff" + "ff" * 64,
        "0051953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef1"
        "09e156193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b50"
        "3f00",
        "01ff" + "ff" * 31
        + "fa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409",
        "00c6858e06b70404e9cd9e3ecb662395b4429c648139053fb521f828af606b4d"
        "3dbaa14b5e77efe75928fe1dc127a2ffa8de3348b3c1856a429bf97e7e31c2e5"
        "bd66",
        "011839296a789a3bc0045c8a5fb42c7d1bd998f54449579b446817afbd17273e"
        "662c97ee72995ef42640c550b9013fad0761353c7086a272c24088be94769fd1"
        "6650"),
}


# -- DER ----------------------------------------------------------------

def _element(der, want):
    """(content, rest) of the element with tag WANT that DER begins with."""
    if len(der) < 2 or der[0] != want:
        raise BadToken("key: not the DER element that is expected")
    length, at = der[1], 2
    if length & 0x80:
        at += length & 0x7f
        length = int.from_bytes(der[2:at], "big")
    if len(der) < at + length:
        raise BadToken("key: DER is cut short")
    return der[at:at + length], der[at + length:]


def spki(pem):
    """The DER SubjectPublicKeyInfo of a PEM public key."""
    match = PEM.fullmatch(pem.strip())
    if match is None:
        raise BadToken("key: not a PEM public key")
    try:
        return base64.b64decode("".join(match.group(1).split()),
                                validate=True)
    except binascii.Error:
        raise BadToken("key: not base64") from None


def fingerprint(pem):
    """What Snowflake shows as RSA_PUBLIC_KEY_FP."""
    digest = hashlib.sha256(spki(pem)).digest()
    return "SHA256:" + base64.b64encode(digest).decode()


def load(pem):
    """("RS256", (n, e)) or (alg, (curve, point)) of a PEM public key."""
    body, rest = _element(spki(pem), 0x30)
    algorithm, bits = _element(body, 0x30)
    oid, parameters = _element(algorithm, 0x06)
    bits, tail = _element(bits, 0x03)
    if rest or tail or bits[:1] != b"\0":
        raise BadToken("key: trailing bytes")
    if oid == OID_RSA:
        numbers, rest = _element(bits[1:], 0x30)
        modulus, numbers = _element(numbers, 0x02)
        exponent, numbers = _element(numbers, 0x02)
        if rest or numbers:
            raise BadToken("key: trailing bytes")
        return "RS256", (int.from_bytes(modulus, "big"),
                         int.from_bytes(exponent, "big"))
    if oid != OID_EC:
        raise BadToken("key: neither RSA nor EC")
    curve = CURVES.get(_element(parameters, 0x06)[0].hex())
    if curve is None:
        raise BadToken("key: unknown curve")
    size = curve.size
    if bits[1:2] != b"\4" or len(bits) != 2 + 2 * size:
        raise BadToken("key: not an uncompressed point")
    point = (int.from_bytes(bits[2:2 + size], "big"),
             int.from_bytes(bits[2 + size:], "big"))
    if not curve.holds(point):
        raise BadToken("key: the point is not on the curve")
    return curve.alg, (curve, point)


# -- signatures ---------------------------------------------------------

def _rsa_verify(numbers, message, signature):
    """RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017 8.2.2)."""
    modulus, exponent = numbers
    size = (modulus.bit_length() + 7) // 8
    if modulus.bit_length() < 2048:
        raise BadToken("key: RSA of less than 2048 bits")
    if len(signature) != size:
        return False
    info = bytes.fromhex("3031300d060960864801650304020105000420")
    info += hashlib.sha256(message).digest()
    want = b"\0\1" + b"\xff" * (size - len(info) - 3) + b"\0" + info
    value = int.from_bytes(signature, "big")
    if value >= modulus:
        return False
    return pow(value, exponent, modulus).to_bytes(size, "big") == want


def _ec_verify(key, message, signature):
    """ECDSA (FIPS 186-4 6.4), r||s of fixed width (RFC 7518 3.4)."""
    curve, point = key
    if len(signature) != 2 * curve.size:
        return False
    r = int.from_bytes(signature[:curve.size], "big")
    s = int.from_bytes(signature[curve.size:], "big")
    if not (0 < r < curve.n and 0 < s < curve.n):
        return False
    digest = hashlib.new(curve.digest, message).digest()
    e = int.from_bytes(digest, "big")
    e >>= max(0, 8 * len(digest) - curve.n.bit_length())
    inverse = pow(s, -1, curve.n)
    total = curve.add(
        curve.multiply(e * inverse % curve.n, curve.generator),
        curve.multiply(r * inverse % curve.n, point))
    return total is not None and total[0] % curve.n == r


# -- tokens -------------------------------------------------------------

def _decode(part):
    """base64url without padding, and only as it would be encoded again."""
    if PART.fullmatch(part) is None:
        raise BadToken("token: not base64url")
    try:
        plain = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except binascii.Error:
        raise BadToken("token: not base64url") from None
    if base64.urlsafe_b64encode(plain).decode().rstrip("=") != part:
        raise BadToken("token: loose base64url")
    return plain


def _unique(pairs):
    names = [name for name, _ in pairs]
    if len(set(names)) != len(names):
        raise BadToken("token: duplicate member")
    return dict(pairs)


def _object(part):
    try:
        value = json.loads(_decode(part).decode("utf-8"),
                           object_pairs_hook=_unique)
    except (UnicodeDecodeError, json.JSONDecodeError):
        raise BadToken("token: not JSON") from None
    if not isinstance(value, dict):
        raise BadToken("token: not an object")
    return value


def peek(token):
    """(header, claims) of a token that nobody has verified."""
    parts = token.split(".") if isinstance(token, str) else []
    if len(parts) != 3:
        raise BadToken("token: not three parts")
    return _object(parts[0]), _object(parts[1])


def verify(token, public_key_pem):
    """(header, claims) if the key signed the token; BadToken if not.

    The key says which algorithm is right; the header has to agree.  Times
    and names in the claims are the caller's business.
    """
    header, claims = peek(token)
    alg, key = load(public_key_pem)
    if header.get("alg") != alg or header.get("typ", "JWT") != "JWT":
        raise BadToken("token: header does not fit the key")
    if set(header) - {"alg", "typ", "kid"}:
        raise BadToken("token: unknown header")
    signed, _, last = token.rpartition(".")
    check = _rsa_verify if alg == "RS256" else _ec_verify
    if not check(key, signed.encode("ascii"), _decode(last)):
        raise BadToken("token: the signature is wrong")
    return header, claims
