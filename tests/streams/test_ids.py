"""Ids that are written out by hand are still UUIDs of version 5."""

from uuid import uuid5

from hypothesis import given
from hypothesis import strategies as st

from streams.models.ids import NAMESPACE, SEPARATOR, derived_id


@given(st.lists(st.text(st.characters(codec="utf-8")), min_size=1, max_size=4))
def test_a_derived_id_is_the_uuid5_of_its_parts(parts: list[str]) -> None:
    assert derived_id(*parts) == str(uuid5(NAMESPACE, SEPARATOR.join(parts)))
