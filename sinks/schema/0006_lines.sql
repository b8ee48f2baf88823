-- The rated lines: one row a segment, and one for a row without segments, so that the lines add up to the entries.
-- `line_number` counts from 1 inside an entry, 0 where it has no segments.
CREATE VIEW IF NOT EXISTS lines AS
SELECT
    tenant, client, period, work, row_class, corrects_period, id,
    kind, service, technician, who, ticket, device, contract, zone, local_date,
    disposition, reason, recovered, currency, exponent,
    number AS line_number,
    segment_tier AS tier,
    if(number = 0, started_at, segment_started_at) AS line_started_at,
    if(number = 0, ended_at, segment_ended_at) AS line_ended_at,
    if(number = 0, worked_seconds, segment_seconds) AS line_worked_seconds,
    if(number = 0, quantity_seconds, segment_billed_seconds) AS line_quantity_seconds,
    segment_rate AS rate,
    if(number = 0, amount, segment_amount) AS line_amount,
    if(number = 0, exact, segment_exact) AS line_exact,
    segment_line AS rate_line
FROM entries_live
LEFT ARRAY JOIN
    arrayEnumerate(`segments.tier`) AS number,
    `segments.tier` AS segment_tier,
    `segments.started_at` AS segment_started_at,
    `segments.ended_at` AS segment_ended_at,
    `segments.seconds` AS segment_seconds,
    `segments.billed_seconds` AS segment_billed_seconds,
    `segments.rate` AS segment_rate,
    `segments.amount` AS segment_amount,
    `segments.exact` AS segment_exact,
    `segments.line` AS segment_line
COMMENT 'Rated lines; they add up to the entries';
