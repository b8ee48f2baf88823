"""The pages: ``python -m web``. On this machine only: there is no sign-in yet, so no other address is offered."""

from __future__ import annotations

import sys

import uvicorn

from streams.settings import Settings
from web.app import create_app

HOST = "127.0.0.1"


def main() -> None:
    settings = Settings()
    print(f"Pages: http://{HOST}:{settings.web_port}/", file=sys.stderr)
    uvicorn.run(
        create_app(settings),
        host=HOST,
        port=settings.web_port,
        server_header=False,
        proxy_headers=False,
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=3,
    )


if __name__ == "__main__":
    main()
