import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { leftCheckpoint } from './left-checkpoint.ts';

const folder = mkdtempSync(join(tmpdir(), 'millrace-checkpoints-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const url = pathToFileURL(folder).href;

test('the newest that was completed, by number', async () => {
  for (const name of ['chk-9', 'chk-10', 'chk-11', 'shared', 'taskowned'])
    mkdirSync(join(folder, 'job', name), { recursive: true });
  for (const name of ['chk-9', 'chk-10']) writeFileSync(join(folder, 'job', name, '_metadata'), '');
  expect(await leftCheckpoint(url, 'job')).toBe(`${url}/job/chk-10`);
  expect(await leftCheckpoint(`${url}/`, 'job')).toBe(`${url}/job/chk-10`);
});

test('none where there is none, or where it cannot be seen from here', async () => {
  expect(await leftCheckpoint(url, 'other')).toBeNull();
  expect(await leftCheckpoint('s3://bucket/checkpoints', 'job')).toBeNull();
});
