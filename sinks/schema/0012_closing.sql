-- Closed statements: what a row corrects, what its hash stands for, what people decided, and what became of closes.
ALTER TABLE entries ADD COLUMN IF NOT EXISTS corrects String
    COMMENT 'Id of the closed row that a reversal or replacement corrects; else empty' AFTER `segments.fee`;
ALTER TABLE entries ADD COLUMN IF NOT EXISTS content String
    COMMENT 'Hash of what is booked with the row: 32 hex digits; the hash of a statement is made of them' AFTER corrects;

DROP VIEW IF EXISTS entries_live;
CREATE VIEW entries_live AS
SELECT * EXCEPT (void)
FROM entries FINAL
WHERE void = 0
COMMENT 'Rated entries that hold';

CREATE TABLE IF NOT EXISTS decisions
(
    schema UInt16 COMMENT 'Schema number of the record',
    tenant LowCardinality(String) COMMENT 'Tenant; first part of every key',
    id String COMMENT 'Id of the decision',
    version UInt64 COMMENT 'Always 0: a decision is never changed',
    void Bool COMMENT 'Always false',
    kind LowCardinality(String) COMMENT 'write_off, billable, non_billable, approve, confirm, relink, split, purchase, …',
    who String COMMENT 'Who decided',
    decided_at DateTime64(3, 'UTC') COMMENT 'When the door took it',
    reason String COMMENT 'Why',
    client LowCardinality(String) COMMENT 'Whom it concerns, where it names a client',
    period LowCardinality(String) COMMENT 'Of a close: the month',
    evidence Array(String) COMMENT 'Intervals, or rows of charges, that it is about',
    detail String COMMENT 'All of it, JSON',
    inserted_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When it was stored; no part of the content'
)
ENGINE = ${ENGINE}(version)
ORDER BY (tenant, id)
COMMENT 'What people decided. Read decisions_live.';

CREATE TABLE IF NOT EXISTS closings
(
    schema UInt16 COMMENT 'Schema number of the record',
    tenant LowCardinality(String) COMMENT 'Tenant; first part of every key',
    id String COMMENT 'Id of the decision that it answers',
    version UInt64 COMMENT 'Always 0: an outcome is never changed',
    void Bool COMMENT 'Always false',
    outcome LowCardinality(String) COMMENT 'closed or refused',
    reason LowCardinality(String) COMMENT 'Why it was refused: different, stale, out_of_turn, already_closed, …',
    client LowCardinality(String) COMMENT 'Client of the statement',
    period LowCardinality(String) COMMENT 'Month of the statement',
    number UInt32 COMMENT 'Which close of the client it is; of a refusal: how many there were',
    hash String COMMENT 'Hash of the statement as it stood',
    saw String COMMENT 'Hash that the decision named',
    earliest LowCardinality(String) COMMENT 'Of a refusal: the earliest open month with rows',
    release_number UInt32 COMMENT 'Release of the catalogue that a closed month keeps',
    until DateTime64(3, 'UTC') COMMENT 'Instant at which a closed month ends',
    total_rows UInt64 COMMENT 'Rows of the statement',
    total_worked_seconds Int64 COMMENT 'Seconds worked in it',
    total_quantity_seconds Int64 COMMENT 'Seconds after rounding',
    amounts String COMMENT 'Minor units by currency, JSON',
    inserted_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When it was stored; no part of the content'
)
ENGINE = ${ENGINE}(version)
ORDER BY (tenant, id)
COMMENT 'What became of closes, and of other decisions that were refused. Read closings_live.';

CREATE VIEW IF NOT EXISTS decisions_live AS
SELECT * EXCEPT (void)
FROM decisions FINAL
COMMENT 'What people decided';

CREATE VIEW IF NOT EXISTS closings_live AS
SELECT * EXCEPT (void)
FROM closings FINAL
COMMENT 'What became of closes';

-- One row a client and month with rows. The hash is the one that a close must name.
CREATE VIEW IF NOT EXISTS periods AS
SELECT
    e.tenant AS tenant, e.client AS client, e.period AS period,
    if(c.through != '' AND e.period <= c.through, 'closed', 'open') AS state,
    lower(hex(SHA256(arrayStringConcat(arraySort(groupArray(concat(e.id, ':', e.content))), '\n')))) AS hash,
    c.closes AS closes,
    c.through AS closed_through,
    count() AS total_rows,
    countIf(e.row_class != 'regular') AS corrections,
    sum(e.worked_seconds) AS total_worked_seconds,
    sum(e.quantity_seconds) AS total_quantity_seconds,
    CAST(sumMap([toString(e.currency)], [if(e.currency = '', 0, e.amount)]), 'Map(String, Int64)') AS amounts,
    CAST(maxMap([toString(e.currency)], [e.exponent]), 'Map(String, UInt8)') AS exponents
FROM entries_live AS e
LEFT JOIN
(
    SELECT tenant, client, max(period) AS through, max(number) AS closes
    FROM closings_live
    WHERE outcome = 'closed'
    GROUP BY tenant, client
) AS c ON c.tenant = e.tenant AND c.client = e.client
GROUP BY e.tenant, e.client, e.period, c.through, c.closes
COMMENT 'Statements: state, hash and totals';
