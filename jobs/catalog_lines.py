"""Rate lines one by one: exactly one price each, of a size that can be meant, and nothing it would not use."""

from __future__ import annotations

from decimal import Decimal

from jobs.catalog_load import Catalogue
from streams.models.catalog import Contract, RateCard, RateLine, Technician

LARGEST = 1_000_000  # no hour costs more; an exponent like 1e999 would only burn time
PRICES = ("rate", "flat", "multiplier", "percent", "plus", "pack_price")


def is_base(line: RateLine) -> bool:
    """Whether the line has a price of its own."""
    return line.rate is not None or line.flat is not None or line.pack_price is not None


def check_lines(catalogue: Catalogue) -> None:
    roles = {person.role for person in catalogue.all(Technician)}
    clients = {contract.id: contract.client for contract in catalogue.all(Contract)}
    for card in catalogue.all(RateCard):
        if card.contract in clients and card.client not in (None, clients[card.contract]):
            catalogue.report(
                "error",
                "wrong_client",
                catalogue.place(card, "client"),
                f"contract `{card.contract}` is of client `{clients[card.contract]}`",
                "leave `client:` out",
            )
        for n, line in enumerate(card.lines):
            _check_line(catalogue, card, n, line)
            if line.role is not None and line.role not in roles:
                place = catalogue.place(card, "lines", n, "role")
                catalogue.report(
                    "warning", "role_of_nobody", place, f"no technician has the role `{line.role}`", "give it to one"
                )


def _check_line(catalogue: Catalogue, card: RateCard, n: int, line: RateLine) -> None:
    given = [name for name in PRICES if getattr(line, name) is not None]
    if len(given) != 1:
        place = catalogue.place(card, "lines", n, *given[1:2])
        saw = f"both {' and '.join(given[:2])}" if given else "no price"
        remedy = f"write exactly one of {', '.join(PRICES)}"
        catalogue.report("error", "price_unclear", place, f"rate card `{card.id}`: a line with {saw}", remedy)
    for name in (*PRICES, "trip_fee"):
        value: Decimal | None = getattr(line, name)
        if value is not None and (abs(value) > LARGEST or value.as_tuple().exponent < -9):  # type: ignore[operator]
            place = catalogue.place(card, "lines", n, name)
            what = "no hour costs" if name == "rate" else f"`{name}` cannot be"
            catalogue.report("error", "bad_value", place, f"{what} {value}", "write a number such as 120.00")
    if line.tiers and line.rate is None:
        place = catalogue.place(card, "lines", n, "tiers")
        remedy = "give the prices of tiers at the line with `rate:`"
        catalogue.report("error", "tiers_unused", place, "only a line with `rate` has prices for tiers", remedy)
    _check_steps(catalogue, card, n, line)
    if line.multiplier == 0 or line.percent == 0:
        place = catalogue.place(card, "lines", n, given[0])
        catalogue.report("warning", "rate_of_zero", place, "such work is billed at 0", "is that meant?")


def _check_steps(catalogue: Catalogue, card: RateCard, n: int, line: RateLine) -> None:
    if line.steps and line.rate is None:
        place = catalogue.place(card, "lines", n, "steps")
        catalogue.report("error", "steps_unused", place, "only a line with `rate` has steps", "write its first `rate:`")
    hours = [step.over_hours for step in line.steps]
    for m, step in enumerate(line.steps):
        if m and hours[m] <= hours[m - 1]:
            place = catalogue.place(card, "lines", n, "steps", m, "over_hours")
            catalogue.report("error", "steps_out_of_order", place, f"{hours[m]} is not more than {hours[m - 1]}",
                             "list steps by `over_hours`")  # fmt: skip
        for name, value in (("over_hours", step.over_hours), ("rate", step.rate)):
            if value > LARGEST or int(value.as_tuple().exponent) < -9:
                place = catalogue.place(card, "lines", n, "steps", m, name)
                catalogue.report(
                    "error", "bad_value", place, f"`{name}` cannot be {value}", "write a number such as 120"
                )
