"""What a rebuild copies and what it makes anew are all topics there are: none is forgotten."""

from jobs.rebuild import SOURCES
from streams.topics import CHANGELOGS, ENTRIES, LINK_LOG, PARKED, RATE_LOG, TOPICS

MADE_ANEW = {LINK_LOG, RATE_LOG, ENTRIES, PARKED, *CHANGELOGS}


def test_every_topic_is_copied_or_made_anew() -> None:
    assert {topic.name for topic in TOPICS} == MADE_ANEW | set(SOURCES)
    assert not MADE_ANEW & set(SOURCES)
