-- A row may be billed in part. Where not all of it became the same, every segment names what became of it; where it
-- did, these are empty and the columns of the row hold. Rows stored before have them empty.
ALTER TABLE entries ADD COLUMN IF NOT EXISTS `segments.disposition` Array(LowCardinality(String))
    COMMENT 'What became of each line, where not all became the same' AFTER `segments.line`;
ALTER TABLE entries ADD COLUMN IF NOT EXISTS `segments.reason` Array(String)
    COMMENT 'Why a line is not billed, where not all became the same' AFTER `segments.disposition`;
ALTER TABLE entries ADD COLUMN IF NOT EXISTS `segments.risk_amount` Array(Int64)
    COMMENT 'Minor units a line would have brought, where not all became the same' AFTER `segments.reason`;
ALTER TABLE entries ADD COLUMN IF NOT EXISTS `segments.fee` Array(String)
    COMMENT 'Of the amount of each line what does not depend on time, in major units' AFTER `segments.risk_amount`;

DROP VIEW IF EXISTS entries_live;
CREATE VIEW entries_live AS
SELECT * EXCEPT (void)
FROM entries FINAL
WHERE void = 0
COMMENT 'Rated entries that hold';

DROP VIEW IF EXISTS lines;
CREATE VIEW lines AS
SELECT
    tenant, client, period, work, row_class, corrects_period, id,
    kind, service, technician, who, ticket, device, contract, zone, local_date,
    if(segment_disposition = '', e.disposition, segment_disposition) AS disposition,
    if(segment_disposition = '', e.reason, segment_reason) AS reason,
    recovered, currency, exponent,
    number AS line_number,
    segment_tier AS tier,
    if(number = 0, started_at, segment_started_at) AS line_started_at,
    if(number = 0, ended_at, segment_ended_at) AS line_ended_at,
    if(number = 0, worked_seconds, segment_seconds) AS line_worked_seconds,
    if(number = 0, quantity_seconds, segment_billed_seconds) AS line_quantity_seconds,
    segment_rate AS rate,
    if(number = 0, amount, segment_amount) AS line_amount,
    if(number = 0, exact, segment_exact) AS line_exact,
    segment_line AS rate_line,
    segment_fee AS line_fee
FROM entries_live AS e
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
    `segments.line` AS segment_line,
    arrayResize(`segments.disposition`, length(`segments.tier`)) AS segment_disposition,
    arrayResize(`segments.reason`, length(`segments.tier`)) AS segment_reason,
    arrayResize(`segments.fee`, length(`segments.tier`)) AS segment_fee
COMMENT 'Rated lines; they add up to the entries';

-- What became of the hours: one row an entry, or one for each thing that became of it. They add up to the entries.
CREATE VIEW IF NOT EXISTS outcomes AS
SELECT
    tenant, client, period, work, row_class, corrects_period, id,
    kind, service, technician, who, ticket, device, contract, zone, local_date, started_at, ended_at,
    recovered, path, currency, exponent, risk_currency,
    if(number = 0, e.disposition, what.1) AS disposition,
    if(number = 0, e.reason, what.2) AS reason,
    if(number = 0, e.worked_seconds, arraySum((n, d, r) -> if((d, r) = what, n, 0),
        `segments.seconds`, `segments.disposition`, `segments.reason`)) AS worked_seconds,
    if(number = 0, e.quantity_seconds, arraySum((n, d, r) -> if((d, r) = what, n, 0),
        `segments.billed_seconds`, `segments.disposition`, `segments.reason`)) AS quantity_seconds,
    quantity_seconds - worked_seconds AS rounding_seconds,
    if(number > 1, 0, e.overlap_seconds) AS overlap_seconds,
    if(number = 0, e.amount, arraySum((n, d, r) -> if((d, r) = what, n, 0),
        `segments.amount`, `segments.disposition`, `segments.reason`)) AS amount,
    if(number = 0, e.risk_amount, arraySum((n, d, r) -> if((d, r) = what, n, 0),
        `segments.risk_amount`, `segments.disposition`, `segments.reason`)) AS risk_amount
FROM
(
    SELECT *, if(arrayExists(d -> d != '', `segments.disposition`),
        arrayDistinct(arrayMap((d, r) -> (toString(d), r), `segments.disposition`, `segments.reason`)), []) AS whats
    FROM entries_live
) AS e
LEFT ARRAY JOIN arrayEnumerate(whats) AS number, whats AS what
COMMENT 'What became of the hours; one row an entry and outcome';

DROP VIEW IF EXISTS leakage;
CREATE VIEW leakage AS
SELECT
    tenant, period, client, technician, service, disposition, reason, risk_currency, exponent,
    count() AS entries,
    sum(worked_seconds) AS total_worked_seconds,
    sum(quantity_seconds) AS total_quantity_seconds,
    sum(risk_amount) AS total_risk_amount
FROM outcomes
WHERE disposition NOT IN ('billed', 'covered', 'no_charge', 'absorbed', 'void')
GROUP BY tenant, period, client, technician, service, disposition, reason, risk_currency, exponent
COMMENT 'Hours not billed and the money at risk';

DROP VIEW IF EXISTS recovered;
CREATE VIEW recovered AS
SELECT
    tenant, period, client, technician, service, disposition, currency, exponent,
    count() AS entries,
    sum(worked_seconds) AS total_worked_seconds,
    sum(quantity_seconds) AS total_quantity_seconds,
    sum(amount) AS total_amount
FROM outcomes
WHERE recovered AND disposition NOT IN ('absorbed', 'void')
GROUP BY tenant, period, client, technician, service, disposition, currency, exponent
COMMENT 'Hours that sessions show beyond the timers';

-- Per tenant, client and period: worked + rounding = the sum over the closed list of dispositions (`dispositions`
-- has it split up), by segment where a row became several things; the segments of priced rows add up.
DROP VIEW IF EXISTS conservation;
CREATE VIEW conservation AS
SELECT
    tenant, client, period,
    count() AS entries,
    sum(worked_seconds) AS total_worked_seconds,
    sum(rounding_seconds) AS total_rounding_seconds,
    sum(arraySum((d, n) -> if(d IN (
        'billed', 'covered', 'no_charge', 'non_billable', 'written_off', 'capped', 'concurrency_cap',
        'unlinked', 'unpriced', 'no_rate_path', 'orphan_stop', 'unconfirmed'), n, 0), whats, quantities))
        AS total_quantity_seconds,
    CAST(sumMap(whats, quantities), 'Map(String, Int64)') AS dispositions,
    total_worked_seconds + total_rounding_seconds - total_quantity_seconds AS difference,
    sumIf(quantity_seconds - arraySum(`segments.billed_seconds`), notEmpty(`segments.tier`)) AS segment_difference,
    sumIf(amount - arraySum(`segments.amount`), notEmpty(`segments.tier`)) AS amount_difference
FROM
(
    SELECT *,
        arrayExists(d -> d != '', `segments.disposition`) AS mixed,
        if(mixed, arrayMap(d -> if(d = '', toString(disposition), toString(d)), `segments.disposition`),
            [toString(disposition)]) AS whats,
        if(mixed, `segments.billed_seconds`, [quantity_seconds]) AS quantities
    FROM entries_live
)
GROUP BY tenant, client, period
COMMENT 'worked + rounding = the sum over the dispositions; every difference is 0';
