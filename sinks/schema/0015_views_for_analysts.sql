-- What technicians worked, by the day of the client, corrections included. `worked_once` counts a minute at two clients
-- once; `billable` is what was billed or a contract covers; `timer_missed` is what no timer covers. Divide by the hours
-- that the person was available (their calendar, less leave), which the ledger does not know.
CREATE VIEW IF NOT EXISTS utilisation AS
SELECT
    tenant, technician, local_date, formatDateTime(local_date, '%Y-%m') AS month,
    sum(worked_seconds - overlap_seconds) AS worked_once_seconds,
    sumIf(worked_seconds, disposition IN ('billed', 'covered')) AS billable_seconds,
    sumIf(worked_seconds, disposition = 'billed') AS billed_seconds,
    sumIf(worked_seconds, reason = 'internal_client') AS internal_seconds,
    sumIf(worked_seconds, recovered) AS timer_missed_seconds
FROM outcomes
WHERE technician != '' AND charge = '' AND local_date IS NOT NULL AND disposition NOT IN ('absorbed', 'void')
GROUP BY tenant, technician, local_date
COMMENT 'Hours of technicians by day: worked, billable, internal, missed by timers';

-- What became of the value of work. `recorded_value` is worked time at the price it was billed at, before rounding and
-- minimums, with its fees; `unbilled_value` is what the rest would have brought, `written_off_value` what of it somebody
-- gave away; `realisation_percent` is billed of recorded and unbilled. Hours that a flat fee or a balance covers have no
-- price of their own and stand outside: see `margins`. Money in minor units.
CREATE VIEW IF NOT EXISTS realisation AS
SELECT
    tenant, client, period, technician, service, currency, exponent,
    sum(billed) AS billed_amount,
    sum(recorded) AS recorded_value,
    sum(unbilled) AS unbilled_value,
    sum(written_off) AS written_off_value,
    if(recorded_value + unbilled_value > 0,
        round(toDecimal128(billed_amount, 4) * 100 / (recorded_value + unbilled_value), 1), NULL) AS realisation_percent
FROM
(
    SELECT
        tenant, client, period, technician, service, currency, exponent, line_amount AS billed,
        toInt64(round(([1, 10, 100, 1000, 10000][exponent + 1])
            * (toDecimal128OrZero(rate, 10) * line_worked_seconds / 3600 + toDecimal128OrZero(line_fee, 10)))) AS recorded,
        0 AS unbilled, 0 AS written_off
    FROM lines
    WHERE disposition = 'billed' AND charge = ''
    UNION ALL
    SELECT
        tenant, client, period, technician, service, risk_currency AS currency, exponent, 0 AS billed, 0 AS recorded,
        risk_amount AS unbilled, if(disposition = 'written_off', risk_amount, 0) AS written_off
    FROM outcomes
    WHERE risk_amount != 0 AND charge = '' AND disposition NOT IN ('billed', 'absorbed', 'void')
)
GROUP BY tenant, client, period, technician, service, currency, exponent
COMMENT 'Billed amounts against the value of the work';

-- What was taken from which lot, by the day of the client, and what was left then. `lot_left` is said as the explanation
-- says it, in minutes, money or incidents; `left_seconds` is null where the lot is not of hours.
CREATE VIEW IF NOT EXISTS burn_down AS
SELECT
    tenant, client, contract, lot, local_date, drawn_seconds,
    sum(drawn_seconds) OVER (PARTITION BY tenant, client, contract, lot ORDER BY local_date) AS drawn_so_far_seconds,
    lot_left,
    if(match(lot_left, '^[0-9]+ (min|s)'), toInt64OrZero(extract(lot_left, '([0-9]+) min')) * 60
        + toInt64OrZero(extract(lot_left, '([0-9]+) s')), NULL) AS left_seconds
FROM
(
    SELECT
        tenant, client, contract, lot, local_date, sum(seconds) AS drawn_seconds,
        argMaxIf(left_after, (drawn_until, work), left_after != '') AS lot_left
    FROM
    (
        SELECT
            tenant, client, contract, work, lot, local_date,
            if(row_class = 'reversal', '', arrayElement(arrayMap(step -> JSONExtractString(step, 'after'), arrayFilter(
                step -> JSONExtractString(step, 'op') = 'balance' AND JSONExtractString(step, 'rule') = lot,
                JSONExtractArrayRaw(trail))), -1)) AS left_after,
            drawn AS seconds,
            until AS drawn_until
        FROM entries_live
        ARRAY JOIN
            arrayResize(`segments.drawn_seconds`, length(`segments.tier`)) AS drawn,
            arrayResize(`segments.lot`, length(`segments.tier`)) AS lot,
            `segments.ended_at` AS until
        WHERE lot != ''
    )
    GROUP BY tenant, client, contract, lot, local_date
)
COMMENT 'Balances of hours, money and incidents as they were drawn';
