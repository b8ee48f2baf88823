-- How the pipeline does: what `python -m jobs.health` measured, a row a group, topic and measurement. Kept for 30 days.
CREATE TABLE IF NOT EXISTS health
(
    at DateTime64(3, 'UTC') COMMENT 'When it was measured',
    consumer LowCardinality(String) COMMENT 'worker or writer',
    topic LowCardinality(String) COMMENT 'Topic without prefix',
    written UInt64 COMMENT 'Records that stand on it, counted from the first one ever',
    done UInt64 COMMENT 'Of them acknowledged by the consumer',
    lag UInt64 COMMENT 'written - done: what still lies before it'
)
ENGINE = MergeTree
ORDER BY (at, consumer, topic)
TTL toDateTime(at) + INTERVAL 30 DAY
COMMENT 'Lag of the pipeline over time';
