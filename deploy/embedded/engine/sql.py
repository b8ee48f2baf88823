"""Just enough of ClickHouse's lexer to find an INSERT's data and a statement's output format."""

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""
      (?P<space>\s+|--[^\n]*|\#[\ !][^\n]*|/\*.*?\*/)
    | (?P<string>'(?:[^'\\]|\\.|'')*')
    | (?P<quoted>`(?:[^`\\]|\\.|``)*`|"(?:[^"\\]|\\.|"")*")
    | (?P<heredoc>\$(?P<tag>\w*)\$.*?\$(?P=tag)\$)
    | (?P<word>[A-Za-z_][A-Za-z0-9_$]*)
    | (?P<number>[0-9][\w.]*)
    | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_DATA_START = re.compile(rb"[ \t\f]*\r?\n?")
_AFTER_NAME = {"INTO", "TABLE", ".", ","}


@dataclass(frozen=True)
class Token:
    """A token outside parentheses: its text (words in upper case) and where it ends."""

    kind: str
    text: str
    end: int


@dataclass(frozen=True)
class InsertHead:
    """`INSERT INTO t (columns) SETTINGS … FORMAT X` in its parts, and the offset of the first byte of data."""

    target: str
    settings: str
    fmt: str
    data: int

    def from_file(self, path: str) -> str:
        """The statement that takes the data from a file."""
        return f"{self.target} FROM INFILE {quote(path)} {self.settings} FORMAT {self.fmt}"


def top_tokens(text: str) -> Iterator[Token]:
    """Yield the tokens outside parentheses; spaces and comments are left out."""
    depth = 0
    for match in _TOKEN.finditer(text):
        kind, value = match.lastgroup or "", match.group()
        if kind == "tag":
            kind = "heredoc"
        if kind == "space":
            continue
        if value in "([{":
            depth += 1
        if depth == 0:
            yield Token(kind, value.upper() if kind == "word" else value, match.end())
        if value in ")]}":
            depth = max(0, depth - 1)


def first_word(text: str) -> str:
    """The statement's first word in upper case, or its first character when that is no word ("" if empty)."""
    for match in _TOKEN.finditer(text):
        if match.lastgroup != "space":
            return match.group().upper()
    return ""


def quote(value: str) -> str:
    """A string literal; the engine converts it to a setting's own type."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def identifier(name: str) -> str:
    """A quoted identifier."""
    escaped = name.replace("\\", "\\\\").replace("`", "\\`")
    return f"`{escaped}`"


def split_list(text: str) -> list[str]:
    """Split at the commas outside parentheses: `UInt8,Decimal(18,4)` has two parts."""
    cuts = [token.end for token in top_tokens(text) if token.text == ","]
    return [text[start : end - 1].strip() for start, end in zip([0, *cuts], [*cuts, len(text) + 1], strict=True)]


def insert_head(body: bytes, complete: bool) -> InsertHead | bool | None:
    """Find the end of `INSERT … FORMAT X` at the start of body; complete says that no more of it will come.

    None: cannot tell yet. False: no data in a format follows (VALUES, SELECT, another statement).
    """
    text = body.decode("latin-1")  # one character a byte: offsets stay true
    before, settings = "", 0
    tokens = top_tokens(text)
    for token in tokens:
        if token.kind == "word" and token.text in ("VALUES", "INFILE"):
            return False
        if token.text == "SETTINGS":
            settings = token.end - len("SETTINGS")
        if token.text == "FORMAT" and before not in _AFTER_NAME:
            name = next(tokens, None)
            match = _DATA_START.match(body, name.end) if name else None
            start = match.end() if match else len(body)
            if not complete and start == len(body) and not body.endswith(b"\n"):
                return None
            if name is None or name.kind != "word":
                return False
            end = token.end - len("FORMAT")
            cut = settings or end
            fmt = text[name.end - len(name.text) : name.end]
            return InsertHead(body[:cut].decode("utf-8"), body[cut:end].decode("utf-8"), fmt, start)
        before = token.text
    return False if complete else None


def output_format(statement: str) -> str | None:
    """The format named by a trailing FORMAT clause, if there is one."""
    tokens = list(top_tokens(statement))
    followers = [*tokens[2:], Token("other", ";", 0)]
    for here, name, after in zip(tokens, tokens[1:], followers, strict=False):
        if here.text == "FORMAT" and name.kind == "word" and after.text in (";", "SETTINGS", "INTO"):
            return statement[name.end - len(name.text) : name.end]
    return None


def names_file(statement: str) -> bool:
    """True for `INTO OUTFILE` and `FROM INFILE`: features of a client, not of a server."""
    words = [t.text for t in top_tokens(statement) if t.kind == "word"]
    pairs = set(itertools.pairwise(words))
    return bool(pairs & {("INTO", "OUTFILE"), ("FROM", "INFILE")})
