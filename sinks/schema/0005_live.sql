-- What holds: the highest version of each row, without the void ones. All reads go through these views.
CREATE VIEW IF NOT EXISTS entries_live AS
SELECT * EXCEPT (void)
FROM entries FINAL
WHERE void = 0
COMMENT 'Rated entries that hold';

CREATE VIEW IF NOT EXISTS intervals_live AS
SELECT * EXCEPT (void)
FROM intervals FINAL
WHERE void = 0
COMMENT 'Timers, sessions and runs that hold';

-- Absorbed evidence is in here, with its state: it stands outside every sum.
CREATE VIEW IF NOT EXISTS work_live AS
SELECT * EXCEPT (void)
FROM work FINAL
WHERE void = 0
COMMENT 'Pieces of work that hold; absorbed evidence with its state';

CREATE VIEW IF NOT EXISTS parked_live AS
SELECT * EXCEPT (void)
FROM parked FINAL
WHERE void = 0
COMMENT 'Parked items not yet resolved';
