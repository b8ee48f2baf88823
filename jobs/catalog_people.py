"""Which names of several tools are one person: "user//dana.ortiz", "dana.ortiz___5", "dana@…", "Dana Ortiz".

Joined only by what is certain: a full name in any spelling, an email, or the same id at the same source. Where one
full name has two emails, or a short name fits several people, nothing is joined and the doubt is written down.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True, order=True)
class Name:
    """Somebody as one source names them."""

    source: str
    native_id: str
    name: str = ""
    email: str = ""


@dataclass(slots=True)
class Person:
    """One technician as recognised. ``doubts`` are sentences to confirm."""

    id: str
    name: str
    email: str
    names: list[Name]
    doubts: list[str] = field(default_factory=list)


def name_key(text: str) -> Key:
    """The words of a name in lower case: "user//dana.ortiz___5", "HARBOR\\Dana_Ortiz" and "Ortiz, Dana" are one."""
    plain = re.sub(r"___\d+$", "", text.strip().rsplit("/", 1)[-1].rsplit("\\", 1)[-1])
    plain = plain.split("@", 1)[0]
    if "," in plain:
        last, _, first = plain.partition(",")
        plain = f"{first} {last}"
    return tuple(re.findall(r"[^\W\d_]+(?:['’][^\W\d_]+)*", plain.casefold().replace("_", " ")))


def recognise(names: Iterable[Name]) -> list[Person]:
    """People in the order of their ids. The same names in any order give the same people."""
    known = sorted(set(names))
    emails = _emails_of_keys(known)
    groups = _join(known, {key for key, found in emails.items() if len(found) > 1})
    people = [_person(group) for group in groups]
    people.sort(key=lambda person: (person.id, person.names))
    _number(people)
    for person in people:
        person.doubts += _doubts(person, people, emails)
    return people


def _email(name: Name) -> str:
    text = name.email or (name.native_id if re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", name.native_id) else "")
    return text.casefold()


def _full_keys(name: Name) -> set[Key]:
    keys = {name_key(name.name), name_key(name.native_id), name_key(_email(name))}
    return {key for key in keys if len(key) >= 2}


def _emails_of_keys(names: list[Name]) -> dict[Key, set[str]]:
    found: dict[Key, set[str]] = defaultdict(set)
    for name in names:
        for key in _full_keys(name):
            found[key] |= {_email(name)} - {""}
    return found


def _join(names: list[Name], unclear: set[Key]) -> list[list[Name]]:
    """Groups of names that share a handle: a full name that is not unclear, an email, an id at a source."""
    groups: list[tuple[set[object], list[Name]]] = []
    for name in names:
        handles: set[object] = {(name.source, name.native_id), *(_full_keys(name) - unclear)}
        if _email(name):
            handles.add(_email(name))
        touched = [group for group in groups if group[0] & handles]
        groups = [group for group in groups if not group[0] & handles]
        merged = [name, *(member for group in touched for member in group[1])]
        groups.append((handles.union(*(group[0] for group in touched)), sorted(merged)))
    return [members for _, members in groups]


def _person(names: list[Name]) -> Person:
    keys = sorted({key for name in names for key in _full_keys(name)}, key=lambda key: (len(key), key))
    shorts = sorted(key for name in names for key in [name_key(name.native_id)] if key)
    written = sorted(name.name for name in names if len(name_key(name.name)) >= 2)
    email = min((found for name in names if (found := _email(name))), default="")
    key = keys[0] if keys else (shorts[0] if shorts else ())
    fallback = re.sub(r"[^a-z0-9]+", "-", f"{names[0].source}-{names[0].native_id}".casefold()).strip("-")
    shown = written[0] if written else " ".join(word.capitalize() for word in key)
    return Person("-".join(key) or fallback, shown, email, names)


def _number(people: list[Person]) -> None:
    taken: dict[str, int] = {}
    for person in people:
        taken[person.id] = taken.get(person.id, 0) + 1
        if taken[person.id] > 1:
            person.id = f"{person.id}-{taken[person.id]}"


def _doubts(person: Person, people: list[Person], emails: dict[Key, set[str]]) -> list[str]:
    doubts = []
    keys = {key for name in person.names for key in _full_keys(name)}
    if any(len(emails[key]) > 1 for key in keys):
        others = [p.id for p in people if p is not person and keys & {k for n in p.names for k in _full_keys(n)}]
        doubts.append(f"the same name as {', '.join(others)}, with another email: one person or two?")
    if not keys:
        likely = [p.id for p in people if p is not person and _may_be(person, p)]
        doubts.append(f"may be {' or '.join(likely)}" if likely else "only known by this id: who is it?")
    return doubts


def _may_be(short: Person, other: Person) -> bool:
    """A first name, a last name, or an initial and the other name: "dana", "ortiz", "dortiz", "danao"."""
    words = {word for name in short.names for word in name_key(name.native_id)}
    for key in {key for name in other.names for key in _full_keys(name)}:
        if words & {key[0], key[-1], key[0][:1] + key[-1], key[0] + key[-1][:1], key[0] + key[-1]}:
            return True
    return False
