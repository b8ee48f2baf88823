-- Seconds that machines ran, beside the human ones and in none of their sums. Rows stored before have 0.
ALTER TABLE entries ADD COLUMN IF NOT EXISTS machine_seconds Int64 DEFAULT 0
    COMMENT 'Seconds that a script ran; part of no other seconds' AFTER overlap_seconds;
ALTER TABLE work ADD COLUMN IF NOT EXISTS machine_seconds Int64 DEFAULT 0
    COMMENT 'Seconds that a script ran which no evidence of people covers' AFTER seconds;

DROP VIEW IF EXISTS entries_live;
CREATE VIEW entries_live AS
SELECT * EXCEPT (void)
FROM entries FINAL
WHERE void = 0
COMMENT 'Rated entries that hold';

DROP VIEW IF EXISTS work_live;
CREATE VIEW work_live AS
SELECT * EXCEPT (void)
FROM work FINAL
WHERE void = 0
COMMENT 'Pieces of work that hold; absorbed evidence with its state';
