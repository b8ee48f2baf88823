"""The shared broker for the tests of this folder."""

from tests.kafka_fixture import kafka, topic_prefix

__all__ = ["kafka", "topic_prefix"]
