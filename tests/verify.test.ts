import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inDeadStore } from './support/dead-store.ts';
import { MillraceProcess, settled } from './support/millrace-process.ts';

const command = fileURLToPath(new URL('../packages/millrace/bin/millrace.js', import.meta.url));
const pipeline = fileURLToPath(new URL('./support/ledger.config.ts', import.meta.url));
const data = mkdtempSync(join(tmpdir(), 'millrace-verify-'));
const events = 1_000;
let millrace: MillraceProcess;

beforeAll(async () => {
  millrace = new MillraceProcess({ pipeline, data });
  const url = await millrace.url();
  const body = Array.from({ length: events }, (_, at) => ({
    event_id: `v-${at}`,
    type: 'view',
    properties: { product_id: `p${at % 7}`, price: '1.00' },
  }));
  const answer = await fetch(`${url}/v1/events`, { method: 'POST', body: JSON.stringify(body) });
  expect(answer.status).toBe(200);
  await settled(url);
});
afterAll(() => {
  millrace.kill('SIGKILL');
  rmSync(data, { recursive: true, force: true });
});

/** Rejects unless it ends with 0. */
const verify = async (...args: readonly string[]): Promise<string> => {
  const all = ['verify', '--pipeline', pipeline, '--data', data, ...args];
  return (await promisify(execFile)(command, all)).stdout;
};

test('a running pipeline, and then its folder, are compared', async () => {
  const said =
    /^Equal: each is stored exactly once, and counted so. 1,000 events of the log \(offsets 0 to 1000\), 2 rollups, in/;
  expect(await verify()).toMatch(said);
  expect((await millrace.stop()).code).toBe(0);
  expect(await verify()).toMatch(said);
  expect(JSON.parse(await verify('--json'))).toMatchObject({ equal: true, log: { events } });
});

test('what is lost is named, in the events and in each rollup that had counted it', async () => {
  inDeadStore(
    data,
    "ALTER TABLE millrace.events DELETE WHERE event_id = 'v-7' SETTINGS mutations_sync = 2",
  );
  const failed: unknown = await verify().catch((error: unknown) => error);
  expect(failed).toMatchObject({ code: 1 });
  const stdout = failed instanceof Error && 'stdout' in failed ? String(failed.stdout) : '';
  expect(stdout).toMatch(
    /^Different: events in 1 of \d hours?, by_minute in 1 of \d hours?\. Compared /,
  );
  expect(stdout).toContain('1 lost, 0 doubled, 0 changed, 0 outside the log\n');
  expect(stdout).toContain('    lost: v-7 at offset 7 of partition 0\n');
  expect(stdout).toContain('0 lost, 0 unexpected, 1 changed\n');
  expect(stdout).toMatch(/ {4}changed: \S+ {"type":"view","product_id":"p0"} should be {"events":/);
});
