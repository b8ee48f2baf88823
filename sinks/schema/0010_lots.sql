-- What prepaid work took from which lot. Rows stored before have these empty.
ALTER TABLE entries ADD COLUMN IF NOT EXISTS `segments.drawn_seconds` Array(Int64)
    COMMENT 'Seconds that each line took from its lot, after multipliers' AFTER `segments.risk_amount`;
ALTER TABLE entries ADD COLUMN IF NOT EXISTS `segments.lot` Array(String)
    COMMENT 'Lot that covered each line' AFTER `segments.drawn_seconds`;

DROP VIEW IF EXISTS entries_live;
CREATE VIEW entries_live AS
SELECT * EXCEPT (void)
FROM entries FINAL
WHERE void = 0
COMMENT 'Rated entries that hold';
