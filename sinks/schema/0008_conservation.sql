-- Nothing is lost, nothing counted twice. Every `difference` below is 0, or something is wrong.

-- Per tenant, client and period: worked + rounding = the sum over the closed list of dispositions (`dispositions`
-- has it split up); the segments of priced rows add up to their quantity and their amount.
CREATE VIEW IF NOT EXISTS conservation AS
SELECT
    tenant, client, period,
    count() AS entries,
    sum(worked_seconds) AS total_worked_seconds,
    sum(rounding_seconds) AS total_rounding_seconds,
    sumIf(quantity_seconds, disposition IN (
        'billed', 'covered', 'no_charge', 'non_billable', 'written_off', 'capped', 'concurrency_cap',
        'unlinked', 'unpriced', 'no_rate_path', 'orphan_stop', 'unconfirmed')) AS total_quantity_seconds,
    sumMap(map(toString(disposition), quantity_seconds)) AS dispositions,
    total_worked_seconds + total_rounding_seconds - total_quantity_seconds AS difference,
    sumIf(quantity_seconds - arraySum(`segments.billed_seconds`), notEmpty(`segments.tier`)) AS segment_difference,
    sumIf(amount - arraySum(`segments.amount`), notEmpty(`segments.tier`)) AS amount_difference
FROM entries_live
GROUP BY tenant, client, period
COMMENT 'worked + rounding = the sum over the dispositions; every difference is 0';

-- Per piece of work that is done: its seconds = the worked seconds of its rows over all periods and corrections.
-- Rows whose work no longer exists show with `work_seconds` 0.
CREATE VIEW IF NOT EXISTS work_conservation AS
SELECT
    tenant, work,
    sum(from_work) AS work_seconds,
    sum(from_entries) AS entry_seconds,
    work_seconds - entry_seconds AS difference
FROM
(
    SELECT tenant, id AS work, seconds AS from_work, 0 AS from_entries FROM work_live WHERE state = 'done'
    UNION ALL
    SELECT tenant, work, 0 AS from_work, worked_seconds AS from_entries FROM entries_live
)
GROUP BY tenant, work
COMMENT 'Seconds of each piece of work against its rows; every difference is 0';

-- Per interval: the seconds of its evidence = seconds that stand in work + seconds that lie under other evidence.
-- `absorbed_seconds` below 0 means work claims more than the source reported: right only where an end was estimated.
CREATE VIEW IF NOT EXISTS evidence_conservation AS
SELECT
    tenant, interval,
    sum(from_interval) AS interval_seconds,
    sum(from_work) AS placed_seconds,
    interval_seconds - placed_seconds AS absorbed_seconds
FROM
(
    SELECT tenant, id AS interval, seconds AS from_interval, 0 AS from_work FROM intervals_live
    UNION ALL
    SELECT tenant, proof_interval AS interval, 0 AS from_interval, proof_seconds AS from_work
    FROM work_live
    ARRAY JOIN `proof.interval` AS proof_interval, `proof.seconds` AS proof_seconds
    WHERE state IN ('done', 'running')
)
GROUP BY tenant, interval
COMMENT 'Seconds of each interval: in work, or under other evidence';
