"""A first catalogue proposed from one's own exports: what is certain as it is, what is a guess as `# confirm:`.

The same exports in any order give the same files. Nothing that exists is overwritten.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from jobs.catalog_people import Person, recognise
from jobs.catalog_rules import check
from jobs.catalog_sightings import Key, Sightings, look, plain_key, slug
from jobs.catalog_starter import Starter, starter_rates
from jobs.catalog_write import write_files
from jobs.console import UserError


@dataclass(slots=True)
class Draft:
    """A client or device as recognised: its keys at the sources, and what is to be confirmed."""

    id: str
    name: str
    keys: list[Key]
    doubts: list[str] = field(default_factory=list)
    client: str = ""
    internal: bool = False


@dataclass(slots=True)
class Proposal:
    people: list[Person]
    clients: list[Draft]
    devices: list[Draft]
    rates: Starter
    zone: str = ""


def propose(exports: list[Path], out: Path, zone: str) -> list[str]:
    """Write the proposal to ``out`` and return what to tell the user."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UserError(f"{out} exists and is not empty; name a new folder, nothing is overwritten")
    seen = look(exports)
    files = write_files(proposal(seen, zone))
    out.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (out / name).write_text(text, encoding="utf-8")
    open_points = sum(text.count("# confirm: ") for text in files.values())
    checked = check([out])
    report = [*seen.report, f"wrote {', '.join(str(out / name) for name in files)}"]
    report += [f"{open_points} points to confirm: grep -rn 'confirm:' {out}"] if open_points else []
    left = len(checked.errors)
    report += [f"`everyminute catalog check {out}` still finds {left} errors: prices only you know"] if left else []
    return report


def proposal(seen: Sightings, zone: str) -> Proposal:
    clients = _clients(seen)
    of_key = {key: draft.id for draft in clients for key in draft.keys}
    _mark_internal(seen, clients, of_key)
    return Proposal(recognise(seen.people), clients, _devices(seen, of_key), starter_rates(seen.rows, of_key), zone)


def _clients(seen: Sightings) -> list[Draft]:
    """Clients by name in any spelling; those a tool names only by an id stay on their own."""
    groups: dict[str, list[Key]] = {}
    for key, name in sorted(seen.clients.items()):
        groups.setdefault(plain_key(name) or f"{key[0]} {key[1]}", []).append(key)
    drafts = []
    for plain, keys in sorted(groups.items()):
        names = sorted(seen.clients[key] for key in keys if seen.clients[key])
        draft = Draft(slug(names[0] if names else plain), names[0] if names else "", keys)
        if not names:
            draft.doubts.append(f"only known by its id at {keys[0][0]}: which client is it?")
        drafts.append(draft)
    for draft in drafts:
        mine = plain_key(draft.name)
        near = [d.id for d in drafts if d is not draft and mine and plain_key(d.name).startswith(mine)]
        near += [d.id for d in drafts if d is not draft and d.name and mine.startswith(plain_key(d.name))]
        draft.doubts += [f"may be the same client as {', '.join(near)}"] if near else []
    return _unique(drafts)


def _unique(drafts: list[Draft]) -> list[Draft]:
    taken: Counter[str] = Counter()
    for draft in drafts:
        draft.id = draft.id[:100] or "unnamed"
        taken[draft.id] += 1
        if taken[draft.id] > 1:
            draft.id = f"{draft.id}-{taken[draft.id]}"
    return sorted(drafts, key=lambda draft: draft.id)


def _mark_internal(seen: Sightings, clients: list[Draft], of_key: dict[Key, str]) -> None:
    """A client none of whose timesheet rows is billable is probably ourselves."""
    billable: dict[str, list[bool]] = {}
    for row in seen.rows:
        if row.client and row.billable is not None:
            billable.setdefault(of_key[row.tool, row.client], []).append(row.billable)
    for draft in clients:
        flags = billable.get(draft.id, [])
        if flags and not any(flags):
            draft.internal = True
            draft.doubts.append(f"none of its {len(flags)} timesheet rows is billable: is it your own work?")


def _devices(seen: Sightings, of_key: dict[Key, str]) -> list[Draft]:
    """Devices by hostname and client; the same hostname at two clients stays two, and is marked."""
    owners = {key: _owner(seen, key, of_key) for key in seen.devices}
    of_host: dict[str, set[str]] = {}
    for key, name in seen.devices.items():
        if name:
            of_host.setdefault(name.casefold(), set()).update({owners[key]} - {""})
    groups: dict[tuple[str, str], list[Key]] = {}
    for key, name in sorted(seen.devices.items()):
        host = name.casefold()
        known = sorted(of_host.get(host, set()))
        owner = owners[key] or (known[0] if len(known) == 1 else "")
        groups.setdefault((host or f"{key[0]} {key[1]}", owner), []).append(key)
    drafts = []
    for (host, owner), keys in sorted(groups.items()):
        name = next((seen.devices[key] for key in keys if seen.devices[key]), "")
        draft = Draft(slug(name) if name else _id_of(keys[0]), name, keys, client=owner)
        if not name:
            draft.doubts.append("no export tells its hostname")
        if not owner:
            draft.doubts.append("whose is it? no export tells its client")
        if len(of_host.get(host, set())) > 1:
            draft.doubts.append(f"this hostname is seen at {', '.join(sorted(of_host[host]))}: moved, or two devices?")
        drafts.append(draft)
    return _unique(drafts)


def _id_of(key: Key) -> str:
    return slug(f"{key[0]} {key[1].rsplit('/', 1)[-1][:12]}")


def _owner(seen: Sightings, device: Key, of_key: dict[Key, str]) -> str:
    """The client seen most often with the device; the smaller id where two are seen as often."""
    counts: Counter[str] = Counter()
    for key, count in seen.client_of.get(device, Counter()).items():
        counts[of_key[key]] += count
    return min(counts, key=lambda id_: (-counts[id_], id_), default="")
