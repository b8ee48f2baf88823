-- Evidence joined into pieces of work and linked to clients and tickets. The id is that of the interval that leads.
CREATE TABLE IF NOT EXISTS work
(
    schema UInt16 COMMENT 'Schema number of the record',
    tenant LowCardinality(String) COMMENT 'Tenant; first part of every key',
    id String COMMENT 'Id of the interval that leads',
    version UInt64 COMMENT 'Highest wins: epoch << 56 | facts of the tenant << 24 | 24 bits of content hash',
    void Bool COMMENT 'No work stands under this id',
    state LowCardinality(String) COMMENT 'done, running, absorbed or void',
    kind LowCardinality(String) COMMENT 'ticket_timer, remote_session or script_run',
    service LowCardinality(String) COMMENT 'Service as the source names it',
    technician LowCardinality(String) COMMENT 'Technician id; empty where unknown',
    who String COMMENT 'Technician as the source names them',
    client LowCardinality(String) COMMENT 'Client id; empty where unknown',
    ticket String COMMENT 'Ticket id; empty where unknown',
    device String COMMENT 'Device id; empty where unknown',
    started_at DateTime64(3, 'UTC') COMMENT 'First second; 1970 where there is none',
    ended_at DateTime64(3, 'UTC') COMMENT 'End of the last stretch, not included; 1970 where there is none',
    `spans.started_at` Array(DateTime64(3, 'UTC')) COMMENT 'Start of each stretch',
    `spans.ended_at` Array(DateTime64(3, 'UTC')) COMMENT 'End of each stretch, not included',
    `shared.started_at` Array(DateTime64(3, 'UTC')) COMMENT 'Start of each stretch other work counts as hours already',
    `shared.ended_at` Array(DateTime64(3, 'UTC')) COMMENT 'End of each such stretch, not included',
    seconds Int64 COMMENT 'Seconds of the stretches',
    recovered Bool COMMENT 'Evidence that no timer covers',
    path LowCardinality(String) COMMENT 'How it was linked: ticket, timer, device_ticket, client_ticket, alias, none',
    reason String COMMENT 'Why it is not linked, or the work that absorbed it',
    candidates Array(String) COMMENT 'Tickets that were plausible',
    billable Nullable(Bool) COMMENT 'What the source says; NULL where it says nothing',
    authenticated Bool COMMENT 'The source proved who it is',
    flags Array(LowCardinality(String)) COMMENT 'What to look at',
    `proof.interval` Array(String) COMMENT 'Intervals the work rests on',
    `proof.source` Array(LowCardinality(String)) COMMENT 'Tool each interval came from',
    `proof.kind` Array(LowCardinality(String)) COMMENT 'Kind of each interval',
    `proof.seconds` Array(Int64) COMMENT 'Seconds of each interval that are here',
    trail String COMMENT 'Steps of the explanation, JSON' CODEC(ZSTD(3)),
    inserted_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When this version was stored; no part of the content'
)
ENGINE = ${ENGINE}(version)
ORDER BY (tenant, id)
COMMENT 'Pieces of work, all versions. Read work_live.';
