// A tour of the API with a client that is generated from the document, into ./client beside this file. What the
// document says wrongly does not compile here, or is not what comes.
//
// usage: SKEP_URL=… SKEP_TOKEN=… node tour.js primes.wasm

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

import { Configuration, FunctionsApi, ResponseError, RunsApi, UsageApi } from './client';
import type { RunView } from './client';

const WAIT_MS_MAX = 30_000;
const LOOK_INTERVAL_MS = 20;

async function tour(path: string, configuration: Configuration): Promise<void> {
    const functions = new FunctionsApi(configuration);
    const runs = new RunsApi(configuration);
    const usage = new UsageApi(configuration);

    const component = await readFile(path);
    const uploaded = await functions.functionUpload({ name: 'primes', body: new Blob([component]) });
    assert.equal(uploaded.data.version.sizeBytes, component.length);
    assert.deepEqual(uploaded.data.function.kinds, ['exports']);

    const listed = await functions.functionList({ limit: 100 });
    assert(listed.data.items.some((item) => item.functionId === uploaded.data.function.functionId));

    const invoked = await functions.functionInvoke({ name: 'primes', invokeBody: { arguments: [0, 100] } });
    assert.equal(invoked.data.status, 'SUCCEEDED');
    assert.equal(invoked.data.result, 25);
    assert.equal(invoked.data.error, null);
    assert.match(invoked.data.stdout, /25 primes/);

    const parameters = [[0, 10], [10, 20]];
    const created = await runs.runCreate({ runBody: { function: 'primes', parameters, bidPrice: '0.5' } });
    assert.equal(created.data.bidPrice, '0.5');
    const run = await over(runs, created.data.runId);
    assert.equal(run.status, 'SUCCEEDED');
    assert.equal(run.counts.succeeded, 2);

    const jobs = await runs.runJobList({ runId: run.runId, status: 'SUCCEEDED' });
    assert.deepEqual(jobs.data.items.map((job) => job.payload.arguments), parameters);
    assert.deepEqual(jobs.data.items.map((job) => job.result), [4, 4]);
    assert.equal(jobs.data.lastEvaluatedKey, undefined);

    const used = await usage.usageList({ by: 'function' });
    const line = used.data.items.find((item) => item.function === 'primes');
    assert(line && line.attempts >= 3 && line.usage.cpuNanos > 0 && line.costNanodollars > 0);

    const refused = await runs.runGet({ runId: uploaded.data.function.functionId }).catch((error: unknown) => error);
    assert(refused instanceof ResponseError && refused.response.status === 404);
}

/** The run, once it is over. */
async function over(runs: RunsApi, runId: string): Promise<RunView> {
    for (const deadline = Date.now() + WAIT_MS_MAX; Date.now() < deadline; await sleep(LOOK_INTERVAL_MS)) {
        const { data: run } = await runs.runGet({ runId });
        if (run.status !== 'QUEUED' && run.status !== 'RUNNING') return run;
    }
    throw new Error(`run ${runId} is not over after ${WAIT_MS_MAX} ms`);
}

/** What the server said, where it said no: by itself the error does not tell. */
async function told(error: unknown): Promise<unknown> {
    return error instanceof ResponseError ? `${error.response.url}: ${await error.response.text()}` : error;
}

const { SKEP_URL: basePath, SKEP_TOKEN: accessToken } = process.env;
const path = process.argv[2];
assert(basePath && accessToken && path, 'usage: SKEP_URL=… SKEP_TOKEN=… node tour.js primes.wasm');
tour(path, new Configuration({ basePath, accessToken })).then(
    () => console.log('tour done'),
    async (error: unknown) => {
        console.error(await told(error));
        process.exitCode = 1;
    },
);
