-- Workers: machines of an account's own that ask for jobs.

-- What was deleted (account 0) stays as long as a job names it.
CREATE TABLE workers (
    key INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    account INTEGER NOT NULL,
    name TEXT NOT NULL,
    ask INTEGER NOT NULL,
    places INTEGER NOT NULL,
    offers TEXT NOT NULL,
    labels TEXT NOT NULL,
    open INTEGER NOT NULL,
    seen_at INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX workers_account ON workers (account);                                             -- list of workers

-- The worker that was given the last attempt, if it was no node.
ALTER TABLE jobs ADD COLUMN worker INTEGER;
CREATE INDEX jobs_worker ON jobs (account, worker) WHERE status = 1 AND worker IS NOT NULL;    -- what workers have
CREATE INDEX jobs_given ON jobs (worker) WHERE worker IS NOT NULL;                              -- purge of workers
