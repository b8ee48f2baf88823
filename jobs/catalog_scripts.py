"""Script policies: what their kind needs is there, and nothing that it never reads."""

from __future__ import annotations

from jobs.catalog_lines import LARGEST
from jobs.catalog_load import Catalogue
from streams.models.catalog import ScriptPolicy

READ: dict[str, tuple[str, ...]] = {
    "none": (),
    "attended_runtime": (),
    "flat_minutes": ("minutes", "seconds", "add_always"),
    "flat_fee": ("fee", "currency", "add_always"),
    "runtime": ("rounding", "add_always"),
    "per_device": ("minutes", "seconds", "fee", "currency", "cap_minutes", "cap_fee", "add_always"),
}
SETTINGS = tuple(dict.fromkeys(name for names in READ.values() for name in names))


def check_scripts(catalogue: Catalogue) -> None:
    for policy in catalogue.all(ScriptPolicy):
        if not policy.match:
            place = catalogue.place(policy, "match")
            message = f"script policy `{policy.id}` matches nothing"
            catalogue.report("error", "bad_value", place, message, 'write names of scripts, or `"*"`')
        _check_read(catalogue, policy)
        _check_needed(catalogue, policy)
        for name in ("fee", "cap_fee"):
            value = getattr(policy, name)
            if value is not None and (value > LARGEST or value.as_tuple().exponent < -9):
                place = catalogue.place(policy, name)
                message = f"`{name}` cannot be {value}"
                catalogue.report("error", "bad_value", place, message, "write a number such as 19.00")


def _check_read(catalogue: Catalogue, policy: ScriptPolicy) -> None:
    """Settings that a policy of this kind never reads."""
    unread = policy.model_fields_set & (set(SETTINGS) - set(READ[policy.bill]))
    if policy.bill == "per_device":
        unread |= policy.model_fields_set & ({"cap_fee"} if policy.fee is None else {"cap_minutes"})
    for name in sorted(unread):
        message = f"`{name}` means nothing to a policy that bills {policy.bill}"
        remedy = "remove it, or write the kind you mean under `bill:`"
        catalogue.report("warning", "setting_unused", catalogue.place(policy, name), message, remedy)


def _check_needed(catalogue: Catalogue, policy: ScriptPolicy) -> None:
    time, money = policy.flat > 0, policy.fee is not None and policy.fee > 0
    needed = {
        "flat_minutes": ("`minutes`", time),
        "flat_fee": ("a `fee`", money),
        "per_device": ("either `minutes` or a `fee`", time != money),
    }
    what, given = needed.get(policy.bill, ("", True))
    if not given:
        place = catalogue.place(policy, "bill")
        message = f"script policy `{policy.id}` bills {policy.bill}: it needs {what}"
        catalogue.report("error", "price_unclear", place, message, "write `minutes: 5`, or `fee: 19.00`")
