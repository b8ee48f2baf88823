-- Charges (rows that are no work), projects, and what the hours cost. Rows stored before have these empty.
ALTER TABLE entries ADD COLUMN IF NOT EXISTS charge LowCardinality(String)
    COMMENT 'What a row is that is no work: fee, true_up, discount, breakage, milestone, …; empty for work' AFTER trail;
ALTER TABLE entries ADD COLUMN IF NOT EXISTS project LowCardinality(String)
    COMMENT 'Project that the row belongs to, or project/change order' AFTER charge;
ALTER TABLE entries ADD COLUMN IF NOT EXISTS cost Nullable(Int64)
    COMMENT 'What the worked seconds cost us, in minor units of cost_currency; null where it is not known' AFTER project;
ALTER TABLE entries ADD COLUMN IF NOT EXISTS cost_currency LowCardinality(String)
    COMMENT 'Currency of cost' AFTER cost;
ALTER TABLE entries ADD COLUMN IF NOT EXISTS cost_reason LowCardinality(String)
    COMMENT 'Why the cost is not known, or gives no margin' AFTER cost_currency;

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
    kind, charge, service, technician, who, ticket, device, contract, project, zone, local_date,
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
DROP VIEW IF EXISTS outcomes;
CREATE VIEW outcomes AS
SELECT
    tenant, client, period, work, row_class, corrects_period, id,
    kind, charge, service, technician, who, ticket, device, contract, project, zone, local_date,
    started_at, ended_at,
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

-- What hours and charges brought, what the hours cost, what is left. `margin` is null where the cost of any of it is not
-- known or stands in another currency. Hours that two clients share count once. An hour brought `effective_hourly_rate`.
CREATE VIEW IF NOT EXISTS margins AS
SELECT
    tenant, client, period, contract, project, currency, exponent,
    sum(amount) AS revenue,
    sum(worked_seconds - overlap_seconds) AS total_worked_seconds,
    sumIf(cost, cost_currency = currency) AS labour_cost,
    sumIf(worked_seconds, worked_seconds != 0 AND (cost IS NULL OR cost_currency != currency)) AS uncosted_seconds,
    if(uncosted_seconds = 0, revenue - labour_cost, NULL) AS margin,
    if(total_worked_seconds > 0,
        intDiv(2 * revenue * 3600 + total_worked_seconds, 2 * total_worked_seconds), NULL) AS effective_hourly_rate
FROM entries_live
WHERE disposition NOT IN ('absorbed', 'void')
GROUP BY tenant, client, period, contract, project, currency, exponent
COMMENT 'Revenue, labour cost, margin and effective hourly rate';
