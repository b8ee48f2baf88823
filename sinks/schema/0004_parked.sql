-- What could not go on, with the exact bytes.
CREATE TABLE IF NOT EXISTS parked
(
    schema UInt16 COMMENT 'Schema number of the record',
    tenant LowCardinality(String) COMMENT 'Tenant; first part of every key; empty where it cannot be told',
    id String COMMENT 'UUID made from tenant, topic and bytes: the same bytes are the same item',
    version UInt64 COMMENT 'Highest wins',
    void Bool COMMENT 'Resolved',
    reason LowCardinality(String) COMMENT 'Why it was parked',
    saw String COMMENT 'What we saw',
    expected String COMMENT 'What we expected',
    remedy String COMMENT 'What to do about it',
    topic LowCardinality(String) COMMENT 'Topic without prefix; a replay goes back to it',
    place String COMMENT 'Where it came from: events.session/3@1042, mesh.json:17',
    connector LowCardinality(String) COMMENT 'Connector that read it',
    key String COMMENT 'Original key, exact bytes' CODEC(ZSTD(3)),
    value String COMMENT 'Original value, exact bytes' CODEC(ZSTD(3)),
    attempt UInt32 COMMENT 'Replays so far',
    inserted_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When this version was stored; no part of the content'
)
ENGINE = ${ENGINE}(version)
ORDER BY (tenant, id)
COMMENT 'Parked items, all versions. Read parked_live.';
