"""The read-only user of pages, Grafana and analysts on a ClickHouse server: ``python -m deploy.readers``.

Run again, it sets the password anew. The password comes from EVERYMINUTE_READER_PASSWORD_FILE; the server's own user
(EVERYMINUTE_CLICKHOUSE_USER) must be allowed to manage users. The embedded engine has such a user already.
"""

from __future__ import annotations

import hashlib
import sys
from os import environ
from pathlib import Path

from clickhouse_connect.driver.binding import quote_identifier

from sinks.clickhouse import connect, store_error
from sinks.store import StoreError
from streams.settings import Settings

READER = "reader"
LIMITS = "readonly = 2, max_execution_time = 60, max_memory_usage = 2000000000"  # 2: reads, and may set limits


def statements(database: str, password: str) -> list[str]:
    """The password goes as a hash, so that no log of the server holds it and no sign in it needs quoting."""
    digest = hashlib.sha256(password.encode()).hexdigest()
    identified = f"IDENTIFIED WITH sha256_hash BY '{digest}'"
    return [
        f"CREATE USER IF NOT EXISTS {READER} {identified} SETTINGS {LIMITS}",
        f"ALTER USER {READER} {identified} SETTINGS {LIMITS}",
        f"GRANT SELECT ON {quote_identifier(database)}.* TO {READER}",
    ]


def main() -> int:
    """Exit code 0, or 1 with the reason on standard error."""
    settings = Settings()
    try:
        password = Path(environ["EVERYMINUTE_READER_PASSWORD_FILE"]).read_text(encoding="utf-8").rstrip("\r\n")
        client = connect(settings)
        for sql in statements(settings.clickhouse_database, password):
            client.command(sql)
    except (KeyError, OSError, StoreError) as error:
        print(f"The read-only user was not made: {error}", file=sys.stderr)
        return 1
    except Exception as error:
        print(f"The read-only user was not made: {store_error(error)}", file=sys.stderr)
        return 1
    print(f"The user {READER} may read {settings.clickhouse_database}.", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
