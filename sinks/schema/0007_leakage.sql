-- Hours that were not billed, and the money they would have brought, by whom and why.
CREATE VIEW IF NOT EXISTS leakage AS
SELECT
    tenant, period, client, technician, service, disposition, reason, risk_currency, exponent,
    count() AS entries,
    sum(worked_seconds) AS total_worked_seconds,
    sum(quantity_seconds) AS total_quantity_seconds,
    sum(risk_amount) AS total_risk_amount
FROM entries_live
WHERE disposition NOT IN ('billed', 'covered', 'no_charge', 'absorbed', 'void')
GROUP BY tenant, period, client, technician, service, disposition, reason, risk_currency, exponent
COMMENT 'Hours not billed and the money at risk';

-- Hours that sessions show beyond the timers: what became of them, and the money of those that were billed.
CREATE VIEW IF NOT EXISTS recovered AS
SELECT
    tenant, period, client, technician, service, disposition, currency, exponent,
    count() AS entries,
    sum(worked_seconds) AS total_worked_seconds,
    sum(quantity_seconds) AS total_quantity_seconds,
    sum(amount) AS total_amount
FROM entries_live
WHERE recovered AND disposition NOT IN ('absorbed', 'void')
GROUP BY tenant, period, client, technician, service, disposition, currency, exponent
COMMENT 'Hours that sessions show beyond the timers';
