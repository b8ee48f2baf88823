"""The pages and the API: ``python -m web``. On this machine only, unless EVERYMINUTE_WEB_HOST says otherwise."""

from __future__ import annotations

import sys

import uvicorn

from streams.settings import Settings
from web.app import create_app

KEEP_ALIVE = 30  # seconds an idle connection stays open
MOST_AT_ONCE = 2000  # connections; more are answered with 503


def main() -> None:
    settings = Settings()
    print(f"Pages: http://127.0.0.1:{settings.web_port}/", file=sys.stderr)
    uvicorn.run(
        create_app(settings),
        host=settings.web_host,
        port=settings.web_port,
        server_header=False,
        proxy_headers=bool(settings.proxies),
        forwarded_allow_ips=settings.proxies or None,
        access_log=False,
        log_level="warning",
        timeout_keep_alive=KEEP_ALIVE,
        limit_concurrency=MOST_AT_ONCE,
        timeout_graceful_shutdown=3,
    )


if __name__ == "__main__":
    main()
