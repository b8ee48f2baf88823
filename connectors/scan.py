"""Cuts JSON values out of a stream by their brackets, without decoding them, in bounded memory."""

from __future__ import annotations

import re
from typing import BinaryIO

import msgspec

from connectors.base import Row

MAX_ROW = 512 * 1024  # a parked row must fit into one Kafka record, twice encoded
CHUNK = 256 * 1024

_SPACE = re.compile(rb"[\s,]*+")
_STRING = rb'"(?:[^"\\\r\n]++|\\[^\r\n])*+"'
_OPEN_STRING = rb'"(?:[^"\\\r\n]++|\\[^\r\n])*+\\?+[\r\n]'  # broken off at the end of its line
_BETWEEN = rb'(?:[^"{}\[\]]++|' + _STRING + rb"|" + _OPEN_STRING + rb")*+"
_TO_BRACKET = re.compile(_BETWEEN + rb"([{}\[\]])")
_COMPLETE = re.compile(_BETWEEN)
_SCALAR = re.compile(rb'(?:[^",{}\[\]\r\n]++|' + _STRING + rb")++")
_KEY = re.compile(rb"\s*+(" + _STRING + rb")\s*+:\s*+")
_PARTNER = {b"}": b"{", b"]": b"["}


class Scanner:
    """A window that moves over the stream: ``text[at:]`` is read and not yet consumed."""

    def __init__(self, stream: BinaryIO, line: int = 1) -> None:
        self.stream, self.line = stream, line
        self.text, self.at = b"", 0

    def more(self) -> bool:
        """Read on; False at the end of the stream."""
        chunk = self.stream.read(CHUNK)
        self.text = self.text[self.at :] + chunk
        self.at = 0
        return bool(chunk)

    def window(self, size: int) -> bytes:
        """The next bytes, up to ``size``, not consumed."""
        while len(self.text) - self.at < size and self.more():
            pass
        return self.text[self.at : self.at + size]

    def rest(self) -> bytes:
        """Consume all there is; the first of it, up to a row's size."""
        first = self.window(MAX_ROW)
        self.at = len(self.text)
        while self.more():
            self.at = len(self.text)
        return first

    def take(self, end: int) -> bytes:
        """Consume ``text[at:end]``."""
        taken = self.text[self.at : end]
        self.line += taken.count(b"\n")
        self.at = end
        return taken

    def next(self) -> bytes:
        """Consume blanks and commas. The byte that follows, b"" at the end of the stream."""
        while True:
            match = _SPACE.match(self.text, self.at)
            self.take(match.end() if match else self.at)
            if self.at < len(self.text) or not self.more():
                return self.text[self.at : self.at + 1]

    def key(self) -> str | None:
        """Consume the name of a member and its colon; None if no name stands here."""
        while (match := _KEY.match(self.text, self.at)) is None or match.end() == len(self.text):
            if len(self.text) - self.at > MAX_ROW or not self.more():
                break
        if match is None:
            return None
        self.take(match.end())
        try:
            return str(msgspec.json.decode(match[1]))
        except (msgspec.DecodeError, UnicodeDecodeError):
            return ""

    def value(self, name: str = "") -> Row:
        """Consume the value that begins here. ``whole`` is False if the stream ends in it or it is too long."""
        line, kept, size, reached = self.line, b"", 0, self.at
        if self.text[self.at : self.at + 1] not in (b"{", b"["):
            return self._scalar(name)
        opened: list[bytes] = []
        while True:
            match = _TO_BRACKET.match(self.text, reached)
            if match is not None:
                reached = match.end()
                _turn(opened, match[1])
                if not opened:
                    return _row(line, kept, size, self.take(reached), name, whole=True)
                continue
            if len(self.text) - self.at > MAX_ROW:  # remember its beginning, let the rest go
                gone = self._let_go(reached)
                kept, size, reached = (kept + gone)[:MAX_ROW], size + len(gone), self.at
            reached -= self.at
            if not self.more():
                return _row(line, kept, size, self.take(len(self.text)), name, whole=False)

    def _let_go(self, reached: int) -> bytes:
        """Consume what has been scanned of an overlong value, even out of the middle of a string."""
        match = _COMPLETE.match(self.text, reached)
        end = match.end() if match else reached
        gone = self.take(end)
        if self.text[end : end + 1] == b'"':  # an unfinished string: keep its quote and its last bytes
            last = max(end + 1, len(self.text) - 64)
            while last > end + 1 and self.text[last - 1] == ord("\\"):
                last -= 1
            gone += self.text[end + 1 : last]
            self.text, self.at = b'"' + self.text[last:], 0
        return gone

    def _scalar(self, name: str) -> Row:
        line = self.line
        while (match := _SCALAR.match(self.text, self.at)) is None or match.end() == len(self.text):
            if len(self.text) - self.at > MAX_ROW or not self.more():
                break
        end = match.end() if match else min(self.at + 1, len(self.text))
        return _row(line, b"", 0, self.take(end).strip(), name, whole=True)


def _turn(opened: list[bytes], bracket: bytes) -> None:
    """A closing bracket closes its nearest partner, and whatever was forgotten to close inside that."""
    if bracket in b"{[":
        opened.append(bracket)
    elif _PARTNER[bracket] in opened:
        while opened.pop() != _PARTNER[bracket]:
            pass


def _row(line: int, kept: bytes, size: int, last: bytes, name: str, *, whole: bool) -> Row:
    data, size = kept + last, size + len(last)
    return Row(line, data[:MAX_ROW], name, whole and size <= MAX_ROW, size)
