"""The records that travel: events, intervals, work, entries, facts, parked items and the catalogue.

One word a thing. Everything is immutable; instants of events are integers of milliseconds since 1970 (UTC),
instants of intervals and later are integers of seconds; spans are half-open ``(start, end)``.
"""
