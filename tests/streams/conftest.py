"""The broker and the prefixes of tests/kafka_fixture.py, for all tests here."""

from tests.kafka_fixture import kafka, topic_prefix

__all__ = ["kafka", "topic_prefix"]
