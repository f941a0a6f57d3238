import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { rows } from './support/millrace-process.ts';

const command = fileURLToPath(new URL('../packages/millrace/bin/millrace.js', import.meta.url));
const patient = { timeout: 60_000, interval: 50 };

let folder: string;
let dev: ChildProcess;
let output: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-dev-'));
});
afterEach(async () => {
  if (dev.exitCode === null && dev.signalCode === null) {
    dev.kill('SIGTERM');
    await new Promise((done) => dev.once('close', done));
  }
  rmSync(folder, { recursive: true, force: true });
});

const write = (file: string, text: string) => writeFileSync(join(folder, file), text);
const pipeline = (measures: string) =>
  write(
    'millrace.config.ts',
    `import { count, definePipeline, event, rollup, sum } from 'millrace';
     import { money } from './money.ts';
     export default definePipeline({
       name: 'devel',
       events: { purchase: event({ value: money }) },
       rollups: [rollup('per_minute', { from: 'purchase', every: 'minute', measures: ${measures} })],
     });`,
  );

function start() {
  output = '';
  dev = spawn(process.execPath, [command, 'dev', '--port', '0'], { cwd: folder });
  for (const stream of [dev.stdout, dev.stderr]) {
    stream?.on('data', (chunk) => {
      output += String(chunk);
    });
  }
}

/** Of the process that has the data folder open, once it is ready and is another than `pid`. */
const running = (pid = 0) =>
  vi.waitFor(async () => {
    const path = join(folder, '.millrace', 'owner.json');
    if (!existsSync(path)) throw new Error(`it does not run:\n${output}`);
    const owner: { pid: number; url: string } = JSON.parse(readFileSync(path, 'utf8'));
    if (owner.pid === pid) throw new Error(`it has not started anew:\n${output}`);
    if (!(await fetch(`${owner.url}/readyz`)).ok) throw new Error(`it is not ready:\n${output}`);
    return owner;
  }, patient);
const shown = (text: string) => vi.waitFor(() => expect(output).toContain(text), patient);

test('a pipeline is started anew when what it defines changes, and only then', async () => {
  write('money.ts', `import { decimal } from 'millrace'; export const money = decimal(18, 2);`);
  pipeline('{ orders: count() }');
  start();
  const first = await running();
  const sent = await fetch(`${first.url}/v1/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ event_id: 'a', type: 'purchase', properties: { value: '2.75' } }),
  });
  expect(sent.status).toBe(200);

  // Contradicts itself: shown, and the last one goes on.
  pipeline(`{ orders: count(), revenue: sum('valu') }`);
  await shown('valu');
  await shown('Waiting until');
  expect((await running()).pid).toBe(first.pid);

  pipeline(`{ orders: count(), revenue: sum('value') }`);
  const second = await running(first.pid);
  await vi.waitFor(
    async () =>
      expect(await rows(second.url, 'SELECT orders, revenue FROM per_minute')).toEqual([
        { orders: '1', revenue: '2.75' },
      ]),
    patient,
  );

  // A comment defines nothing; what is imported does.
  const beginnings = output.split('starting anew').length;
  pipeline(`{ orders: count(), /* money */ revenue: sum('value') }`);
  write('money.ts', `import { decimal } from 'millrace'; export const money = decimal(18, 4);`);
  await shown('plan_conflict');
  expect(output.split('starting anew').length).toBe(beginnings + 1);
  write('money.ts', `import { decimal } from 'millrace'; export const money = decimal(18, 2);`);
  await running(second.pid);

  const ended = new Promise((done) => dev.once('close', done));
  dev.kill('SIGINT');
  expect(await ended).toBe(0);
  await shown('Everything accepted is stored');
});
