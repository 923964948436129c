-- Tenants, money, receipts, events of runs, and an index for each filter and sort of a list.
--
-- What is deleted belongs to account 0 from then on (a run, a function) or has `deleted` set (an account):
-- nothing shows it any more, and it is purged in parts.

ALTER TABLE accounts ADD COLUMN scopes INTEGER NOT NULL DEFAULT 511;
ALTER TABLE accounts ADD COLUMN password TEXT;
ALTER TABLE accounts ADD COLUMN deleted INTEGER NOT NULL DEFAULT 0;
CREATE INDEX accounts_deleted ON accounts (key) WHERE deleted = 1;                             -- purge

CREATE TABLE named_keys (
    key INTEGER PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE,
    id BLOB NOT NULL UNIQUE,
    account INTEGER NOT NULL,
    name TEXT NOT NULL,
    scopes INTEGER NOT NULL,
    expires_at INTEGER,
    created_at INTEGER NOT NULL
) STRICT;
INSERT INTO named_keys (hash, id, account, name, scopes, expires_at, created_at)
    SELECT hash, id, account, '', scopes, expires_at, created_at FROM keys ORDER BY created_at, id;
DROP TABLE keys;
ALTER TABLE named_keys RENAME TO keys;
CREATE INDEX keys_account ON keys (account);                                                   -- list of keys

-- A function's key stands in the ledger for good: it is never given twice.
CREATE TABLE lasting_functions (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    id BLOB NOT NULL UNIQUE,
    account INTEGER NOT NULL,
    name TEXT NOT NULL,
    current INTEGER NOT NULL,
    settings TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (account, name)
) STRICT;
INSERT INTO lasting_functions SELECT * FROM functions;
DROP TABLE functions;
ALTER TABLE lasting_functions RENAME TO functions;
CREATE INDEX functions_created ON functions (account, created_at);                             -- list of functions, purge

-- status is 0 where the answer is the id of a job.
CREATE TABLE receipts (
    account INTEGER NOT NULL,
    route TEXT NOT NULL,
    key TEXT NOT NULL,
    body BLOB NOT NULL,
    status INTEGER NOT NULL,
    answer BLOB NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (account, route, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX receipts_at ON receipts (at);                                                     -- purge

-- Costs are nano-dollars.
ALTER TABLE runs ADD COLUMN attempts INTEGER NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN cpu_nanos INTEGER NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN wall_nanos INTEGER NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN memory_peak_bytes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN memory_byte_seconds INTEGER NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN egress_bytes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN device_nanos INTEGER NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN log_bytes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN cost INTEGER NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN trace BLOB;
ALTER TABLE jobs ADD COLUMN cost INTEGER NOT NULL DEFAULT 0;
ALTER TABLE attempts ADD COLUMN cost INTEGER NOT NULL DEFAULT 0;
ALTER TABLE attempts ADD COLUMN price_version INTEGER NOT NULL DEFAULT 0;

-- A line for each day (days since the Unix epoch) and function. `ahead` is in pico-dollars.
CREATE TABLE ledger (
    account INTEGER NOT NULL,
    day INTEGER NOT NULL,
    function INTEGER NOT NULL,
    name TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    cpu_nanos INTEGER NOT NULL,
    wall_nanos INTEGER NOT NULL,
    memory_peak_bytes INTEGER NOT NULL,
    memory_byte_seconds INTEGER NOT NULL,
    egress_bytes INTEGER NOT NULL,
    device_nanos INTEGER NOT NULL,
    log_bytes INTEGER NOT NULL,
    cost INTEGER NOT NULL,
    ahead INTEGER NOT NULL,
    PRIMARY KEY (account, day, function)
) STRICT, WITHOUT ROWID;

-- Jobs of a run in the order in which their ends were written: places in the run, four bytes each.
CREATE TABLE run_events (
    run INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    jobs BLOB NOT NULL,
    PRIMARY KEY (run, seq)
) STRICT, WITHOUT ROWID;

-- A job that is not over has no result yet.
UPDATE jobs SET result_type = 0 WHERE status IN (0, 1, 2);

-- The row's own key ends every index by itself.
DROP INDEX runs_created;
DROP INDEX runs_function;
DROP INDEX jobs_created;
DROP INDEX jobs_updated;
DROP INDEX jobs_running;
CREATE INDEX runs_source ON runs (account, source, created_at);                                -- list of runs
CREATE INDEX runs_function ON runs (function, source, created_at);                             -- list of runs by function, purge
CREATE INDEX runs_completed ON runs (completed_at) WHERE completed_at IS NOT NULL;             -- purge
CREATE INDEX jobs_created ON jobs (account, created_at);                                       -- list of jobs
CREATE INDEX jobs_updated ON jobs (account, updated_at);                                       -- list of jobs by updatedAt
CREATE INDEX jobs_status ON jobs (account, status, result_type, created_at);                   -- list of jobs by status or result, claim
CREATE INDEX jobs_function ON jobs (function, created_at);                                     -- list of jobs by function
CREATE INDEX jobs_cancel ON jobs (key) WHERE status = 1 AND cancel = 1;                        -- cancel
