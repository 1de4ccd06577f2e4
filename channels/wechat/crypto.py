"""How WeChat proves itself and seals its messages. Pure, but for the random bytes that lead each sealed text.

Source: developers.weixin.qq.com/doc/subscription/guide/dev/push/encryption.html. A signature is the SHA-1 of token,
timestamp, nonce (and the sealed text) in the order of their characters. Sealed is, by AES-256-CBC with the key's first
half as its vector: 16 random bytes, the text's length in 4 bytes, the text, the account's AppID; filled up to a
multiple of 32.
"""

from __future__ import annotations

import binascii
import hmac
import secrets
from base64 import b64decode, b64encode
from hashlib import sha1

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

#: Padding fills up to a multiple of so many bytes, though AES has blocks of 16.
BLOCK = 32

#: So many random bytes lead, and so many say the length.
HEAD, LENGTH = 16, 4


class SealError(ValueError):
    """A sealed text that this key does not open, or that is meant for another account."""


def signature(token: str, *parts: str) -> str:
    """The signature over `parts`: timestamp and nonce, and the sealed text where there is one. 40 hexadecimal digits."""
    return sha1("".join(sorted((token, *parts))).encode(), usedforsecurity=False).hexdigest()


def signed(given: str, token: str, *parts: str) -> bool:
    """Whether `given` is the signature over `parts`."""
    return hmac.compare_digest(given.encode(), signature(token, *parts).encode())


class Seal:
    """Seals and opens with one EncodingAESKey (43 characters) of one account."""

    def __init__(self, key: str, app_id: str) -> None:
        raw = b64decode(key + "=")
        self._cipher = Cipher(algorithms.AES(raw), modes.CBC(raw[:HEAD]))
        self._app_id = app_id.encode()

    def close(self, text: str, head: bytes | None = None) -> str:
        """A text sealed, as base64. `head` are the 16 bytes that lead it, random if not given."""
        plain = text.encode()
        whole = (head or secrets.token_bytes(HEAD)) + len(plain).to_bytes(LENGTH, "big") + plain + self._app_id
        fill = BLOCK - len(whole) % BLOCK
        encryptor = self._cipher.encryptor()
        return b64encode(encryptor.update(whole + bytes([fill]) * fill) + encryptor.finalize()).decode()

    def open(self, sealed: str) -> str:
        """The text in a sealed one. Raises SealError."""
        try:
            raw = b64decode(sealed, validate=True)
            decryptor = self._cipher.decryptor()
            whole = decryptor.update(raw) + decryptor.finalize()
        except (binascii.Error, ValueError):
            raise SealError("not sealed: no base64, or no whole blocks") from None
        fill = whole[-1] if whole else 0
        if not 1 <= fill <= BLOCK or whole[-fill:] != bytes([fill]) * fill:
            raise SealError("sealed with another key: the padding is wrong")
        body = whole[HEAD:-fill]
        end = LENGTH + int.from_bytes(body[:LENGTH], "big")
        if end > len(body) or body[end:] != self._app_id:
            raise SealError("meant for another account: the AppID is not ours")
        try:
            return body[LENGTH:end].decode()
        except UnicodeDecodeError:
            raise SealError("the text in it is no UTF-8") from None
