"""What a page was asked for. It lives in the URL, so a link shows the same and the back button works."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any
from urllib.parse import urlencode

from jobs.ledger import PERIOD

ALL = "all"


@dataclass(frozen=True)
class Question:
    """None: not asked. An empty ``client`` or ``technician`` is one that is not known."""

    tenant: str
    period: str = ALL
    client: str | None = None
    technician: str | None = None
    disposition: str | None = None
    reason: str | None = None
    recovered: bool | None = None
    page: int = 1

    def but(self, **changes: Any) -> Question:
        """The same question with some parts changed, on its first page."""
        return replace(self, **({"page": 1} | changes))

    @property
    def month(self) -> str | None:
        return None if self.period == ALL else self.period

    @property
    def scope(self) -> Question:
        """Without what only narrows the tables."""
        return self.but(disposition=None, reason=None, recovered=None)

    @property
    def narrowed(self) -> bool:
        return (self.disposition, self.reason, self.recovered) != (None, None, None)

    def fields(self) -> dict[str, str]:
        """As parameters of a URL."""
        given = {name: value for name, value in asdict(self).items() if value is not None}
        if self.recovered is not None:
            given["recovered"] = str(self.recovered).lower()
        if self.page == 1:
            del given["page"]
        return {name: str(value) for name, value in given.items()}

    def query(self, **more: str) -> str:
        return urlencode(self.fields() | more)

    def url(self, **changes: Any) -> str:
        return "/leakage?" + self.but(**changes).query()

    def table_url(self, path: str, table: str) -> str:
        return f"{path}?{self.but().query(table=table)}"


def well_formed(period: str) -> bool:
    return period == ALL or bool(PERIOD.match(period))
