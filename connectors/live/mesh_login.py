"""Getting into MeshCentral: by login token or password (a header), or by the server's login key (a cookie)."""

from __future__ import annotations

import json
import os
import ssl
import time
from base64 import b64encode
from urllib.parse import quote, urlsplit

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_socket
from websockets.exceptions import InvalidHandshake, InvalidStatus, InvalidURI

from connectors.live.source import Target, Trouble, is_local, ssl_of, tls_trouble

LARGEST = 64 * 1024 * 1024  # bytes of an answer
KEY_BYTES = 80
NO_ENTRY = {
    "tokenrequired": (
        "wants a second factor", "Make a login token for the account (My account > Login tokens) and use that."
    ),
    "nokey": ("wants a key in its address", "Add it: --url 'wss://…/?key=…'."),
}  # fmt: skip


async def connect(target: Target, secret: str, seconds: float) -> ClientConnection:
    """An open socket. Raises Trouble."""
    url, headers = target.url, {}
    if target.login_key:
        mark = "&" if urlsplit(url).query else "?"
        url += f"{mark}auth={quote(cookie(target, secret, int(time.time())), safe='')}"
    else:
        headers["x-meshauth"] = ",".join(b64encode(part.encode()).decode() for part in (target.user, secret))
    try:
        return await open_socket(
            url, ssl=ssl_of(target), additional_headers=headers, max_size=LARGEST, open_timeout=seconds,
            close_timeout=5, proxy=None if is_local(url) else True,
        )  # fmt: skip
    except ssl.SSLError as error:
        raise tls_trouble(target, error) from None
    except InvalidStatus as error:
        status = error.response.status_code
        remedy = "Is it the address of MeshCentral itself, and does its proxy let websockets through?"
        raise Trouble(f"{target.shown_url} answers {status} instead of opening a socket.", remedy) from None
    except (OSError, InvalidHandshake, InvalidURI, EOFError) as error:  # a timeout is an OSError
        what = str(error) or type(error).__name__
        if target.login_key or "key=" in url:
            what = what.replace(url, target.shown_url)
        raise Trouble(f"{target.shown_url} cannot be reached: {what}.", "") from None


def cookie(target: Target, key: str, now: int) -> str:
    """What the server accepts from who has its login key (160 hex digits). ``now`` in seconds. Raises Trouble."""
    try:
        raw = bytes.fromhex(key.strip())
    except ValueError:
        raw = b""
    if len(raw) != KEY_BYTES:
        remedy = "Take what `node meshcentral --logintokenkey` prints."
        raise Trouble(f"The login key is not {2 * KEY_BYTES} hex digits.", remedy, refused=True)
    claim = {"userid": f"user/{target.domain}/{target.user}", "domainid": target.domain, "time": now}
    nonce = os.urandom(12)
    sealed = AESGCM(raw[:32]).encrypt(nonce, json.dumps(claim, separators=(",", ":")).encode(), None)
    body, mark = sealed[:-16], sealed[-16:]
    return b64encode(nonce + mark + body).decode().replace("+", "@").replace("/", "$")


def refusal(target: Target, cause: str, message: str) -> Trouble:
    """Why the server closed."""
    if cause == "banned":
        saw, remedy = "lets nobody in from this address for a while: too many failed logins", "Mend the secret first."
    elif cause == "locked":
        saw, remedy = f"has locked the account {target.user}", "Unlock it in MeshCentral."
    elif message in NO_ENTRY:
        saw, remedy = NO_ENTRY[message]
    elif cause == "noauth":
        how = "the login key, the user, and this machine's clock" if target.login_key else "user and secret"
        saw, remedy = "does not accept who we are", f"Check {how}: `everyminute live secret` sets a new one."
    else:
        return Trouble(f"{target.shown_url} closed: {(message or cause or 'no reason given')[:200]!r}.", "")
    return Trouble(f"{target.shown_url} {saw}.", remedy, refused=True)
