"""What is answered when something is refused: RFC 9457 for programs, a page that helps for people."""

from __future__ import annotations

from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field
from starlette.requests import Request

MEDIA = "application/problem+json"


class Refused(Exception):  # noqa: N818 - the request is refused; nothing of ours went wrong
    """``detail`` is what we saw and expected, ``remedy`` what to do. ``ways`` are (words, URL) for people."""

    def __init__(
        self, status: int, title: str, detail: str, remedy: str = "", *, headers: dict[str, str] | None = None,
        ways: list[tuple[str, str]] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(detail)
        self.status, self.title, self.detail, self.remedy = status, title, detail, remedy
        self.headers = headers or {}
        self.ways = ways or []


class SignInNeeded(Refused):
    """Nobody is signed in, or the token is none of ours."""

    def __init__(self, detail: str) -> None:
        remedy = "Sign in, or send `Authorization: Bearer` with a token from `everyminute token create`."
        super().__init__(
            401, "Not signed in", detail, remedy, headers={"WWW-Authenticate": "Bearer"}, ways=[("Sign in", "/sign-in")]
        )


class Problem(BaseModel):
    """RFC 9457. Every error of the interface has this form."""

    type: str = Field(default="about:blank")
    title: str = Field(examples=["The event cannot be read"])
    status: int = Field(examples=[400])
    detail: str = Field(description="What we saw, and what we expected.")
    remedy: str = Field(default="", description="What to do about it.")


def for_programs(request: Request) -> bool:
    """Whether the caller gets JSON rather than a page."""
    path, accepts = request.url.path, request.headers.get("accept", "")
    return path.startswith(("/api/", "/v1/")) or (path.endswith(".csv") and "text/html" not in accepts)


def problem(status: int, title: str, detail: str, remedy: str = "", headers: dict[str, str] | None = None) -> Response:
    body = Problem(title=title, status=status, detail=detail, remedy=remedy).model_dump(exclude={"type"})
    return JSONResponse({"type": "about:blank"} | body, status, headers, media_type=MEDIA)
