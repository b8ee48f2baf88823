-- What each timer, session or run amounted to. The id is the activity: no date is part of it, so none is in a key.
CREATE TABLE IF NOT EXISTS intervals
(
    schema UInt16 COMMENT 'Schema number of the record',
    tenant LowCardinality(String) COMMENT 'Tenant; first part of every key',
    id String COMMENT 'Id of the activity',
    version UInt64 COMMENT 'Highest wins: epoch << 56 | facts of the activity << 24 | 24 bits of content hash',
    void Bool COMMENT 'Deleted at the source',
    source LowCardinality(String) COMMENT 'Connector and instance: meshcentral:mesh1',
    kind LowCardinality(String) COMMENT 'ticket_timer, remote_session or script_run',
    service LowCardinality(String) COMMENT 'Service as the source names it',
    technician String COMMENT 'Technician as the source identifies them',
    device String COMMENT 'Device as the source identifies it',
    client String COMMENT 'Client as the source identifies it',
    ticket String COMMENT 'Ticket as the source identifies it',
    ticket_evidence LowCardinality(String) COMMENT 'Where the ticket number stood: field, note, tag, property',
    started_at DateTime64(3, 'UTC') COMMENT 'Outer start',
    ended_at Nullable(DateTime64(3, 'UTC')) COMMENT 'Outer end, not included; NULL while open',
    `spans.started_at` Array(DateTime64(3, 'UTC')) COMMENT 'Start of each worked stretch',
    `spans.ended_at` Array(DateTime64(3, 'UTC')) COMMENT 'End of each worked stretch, not included',
    open_from Nullable(DateTime64(3, 'UTC')) COMMENT 'Start of the stretch that still runs',
    last_seen DateTime64(3, 'UTC') COMMENT 'Last sign of activity',
    seconds Int64 COMMENT 'Seconds of the closed stretches',
    close LowCardinality(String) COMMENT 'What ended it: stop, interval, derived, skew, open, orphan_stop, void',
    time_basis LowCardinality(String) COMMENT 'Whose clock the instants come from',
    billable Nullable(Bool) COMMENT 'What the source says; NULL where it says nothing',
    authenticated Bool COMMENT 'The source proved who it is',
    flags Array(LowCardinality(String)) COMMENT 'What to look at: skew, duration_differs, pauses_unplaced, …',
    evidence Array(String) COMMENT 'Ids of the events it was made from',
    detail String COMMENT 'Names and native fields as the source gave them, JSON' CODEC(ZSTD(3)),
    inserted_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When this version was stored; no part of the content'
)
ENGINE = ${ENGINE}(version)
ORDER BY (tenant, id)
COMMENT 'Timers, sessions and runs, all versions. Read intervals_live.';
