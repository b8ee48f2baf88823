-- Batches of usage for finance: which closed statements each holds. A statement belongs to the first batch that names it.
CREATE TABLE IF NOT EXISTS exports
(
    schema UInt16 COMMENT 'Schema number of the record',
    tenant LowCardinality(String) COMMENT 'Tenant; first part of every key',
    id String COMMENT 'Id of the batch',
    version UInt64 COMMENT 'Highest wins: the first record of an id',
    void Bool COMMENT 'Always false',
    position UInt64 COMMENT 'Place in the log; orders the batches of a tenant',
    who String COMMENT 'Who made it',
    made_at DateTime64(3, 'UTC') COMMENT 'When it was asked for',
    layout UInt16 COMMENT 'Which columns its files have',
    `statements.client` Array(LowCardinality(String)) COMMENT 'Client of each statement',
    `statements.period` Array(LowCardinality(String)) COMMENT 'Month of each statement',
    `statements.number` Array(UInt32) COMMENT 'Which close of its client each statement is',
    `statements.hash` Array(String) COMMENT 'Hash of each statement, as it was closed',
    inserted_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'When it was stored; no part of the content'
)
ENGINE = ${ENGINE}(version)
ORDER BY (tenant, id)
COMMENT 'Batches of usage. Read exported.';

-- One row a statement that is in a batch: `number` counts the batches of the tenant from 1.
CREATE VIEW IF NOT EXISTS exported AS
SELECT
    tenant, number, batch, who, made_at, layout, statement.1 AS client, statement.2 AS period, statement.3 AS close,
    statement.4 AS hash
FROM
(
    SELECT
        tenant, id AS batch, who, made_at, layout, position,
        dense_rank() OVER (PARTITION BY tenant ORDER BY position) AS number,
        arrayZip(`statements.client`, `statements.period`, `statements.number`, `statements.hash`) AS statements
    FROM exports FINAL
)
ARRAY JOIN statements AS statement
ORDER BY position
LIMIT 1 BY tenant, statement.1, statement.2
COMMENT 'Closed statements and the batch each was exported in';
