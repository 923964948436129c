-- Rows are found by small integer keys inside; the 16-byte ids are for the outside.
-- Times are Unix milliseconds. Statuses and codes are the numbers of the domain's enums.

CREATE TABLE accounts (
    key INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    name TEXT NOT NULL UNIQUE,
    weight INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE keys (
    hash BLOB PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    account INTEGER NOT NULL,
    scopes INTEGER NOT NULL,
    expires_at INTEGER,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE functions (
    key INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    account INTEGER NOT NULL,
    name TEXT NOT NULL,
    current INTEGER NOT NULL,
    settings TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    UNIQUE (account, name)
) STRICT;

CREATE TABLE versions (
    key INTEGER PRIMARY KEY,
    function INTEGER NOT NULL,
    number INTEGER NOT NULL,
    sha256 BLOB NOT NULL,
    size_bytes INTEGER NOT NULL,
    component BLOB NOT NULL,
    interface TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (function, number),
    UNIQUE (function, sha256)
) STRICT;

-- Jobs of one run are inserted together: their keys are first_job, first_job + 1, and so on.
CREATE TABLE runs (
    key INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    account INTEGER NOT NULL,
    function INTEGER NOT NULL,
    version INTEGER NOT NULL,
    source INTEGER NOT NULL,
    common TEXT NOT NULL,
    bid INTEGER,
    first_job INTEGER NOT NULL,
    queued INTEGER NOT NULL,
    running INTEGER NOT NULL,
    retrying INTEGER NOT NULL,
    succeeded INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    timed_out INTEGER NOT NULL,
    cancelled INTEGER NOT NULL,
    cancel INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    started_at INTEGER,
    completed_at INTEGER
) STRICT;

CREATE TABLE jobs (
    key INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    account INTEGER NOT NULL,
    run INTEGER NOT NULL,
    function INTEGER NOT NULL,
    status INTEGER NOT NULL,
    bid INTEGER,
    due_at INTEGER,
    attempts INTEGER NOT NULL,
    failures INTEGER NOT NULL,
    host_failures INTEGER NOT NULL,
    round INTEGER NOT NULL,
    cancel INTEGER NOT NULL,
    result_type INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    assigned_at INTEGER,
    started_at INTEGER,
    completed_at INTEGER
) STRICT;

-- Apart from jobs, whose rows are rewritten at every step.
CREATE TABLE job_arguments (
    job INTEGER PRIMARY KEY,
    arguments TEXT NOT NULL
) STRICT;

-- key is job * 65536 + number. code is 0 for a success. output_type is a ResultType.
CREATE TABLE attempts (
    key INTEGER PRIMARY KEY,
    code INTEGER NOT NULL,
    output_type INTEGER NOT NULL,
    output TEXT,
    message TEXT,
    backtrace TEXT,
    exit_code INTEGER,
    cpu_nanos INTEGER NOT NULL,
    wall_nanos INTEGER NOT NULL,
    memory_peak_bytes INTEGER NOT NULL,
    memory_byte_seconds INTEGER NOT NULL,
    egress_bytes INTEGER NOT NULL,
    device_nanos INTEGER NOT NULL,
    log_bytes INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at INTEGER NOT NULL
) STRICT;

-- Lines come in blocks: a JSON array of [stream, at, text].
CREATE TABLE logs (
    job INTEGER NOT NULL,
    first_seq INTEGER NOT NULL,
    count INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    lines TEXT NOT NULL,
    PRIMARY KEY (job, first_seq)
) STRICT, WITHOUT ROWID;

-- Every index, with what it is for.
CREATE INDEX functions_created ON functions (account, created_at, key);                        -- list of functions
CREATE INDEX runs_created ON runs (account, created_at, key);                                  -- list of runs
CREATE INDEX runs_function ON runs (function);                                                 -- delete a function
CREATE INDEX jobs_created ON jobs (account, created_at, key);                                  -- list of jobs
CREATE INDEX jobs_updated ON jobs (account, updated_at, key);                                  -- list of jobs by updatedAt
CREATE INDEX jobs_ready ON jobs (account, bid DESC, key) WHERE status IN (0, 2) AND due_at IS NULL; -- claim
CREATE INDEX jobs_due ON jobs (due_at) WHERE due_at IS NOT NULL;                               -- claim: what has become ready
CREATE INDEX jobs_running ON jobs (account) WHERE status = 1;                                  -- claim, cancel, recovery
