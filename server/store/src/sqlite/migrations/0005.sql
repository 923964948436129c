-- Schedules: runs that are submitted again and again. next_at is null while one is paused.
CREATE TABLE schedules (
    key INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    account INTEGER NOT NULL,
    name TEXT NOT NULL,
    cron TEXT NOT NULL,
    zone TEXT NOT NULL,
    missed INTEGER NOT NULL,
    planned TEXT NOT NULL,
    next_at INTEGER,
    last_at INTEGER,
    last_run BLOB,
    last_error TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (account, name)
) STRICT;
CREATE INDEX schedules_due ON schedules (next_at) WHERE next_at IS NOT NULL;                   -- what has become due
