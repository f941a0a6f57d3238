import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { testObjectStore } from '../../ports/object-store.suite.ts';
import { diskObjects } from './disk-objects.ts';

const folder = mkdtempSync(join(tmpdir(), 'millrace-objects-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let serial = 0;
const place = (): string => {
  serial += 1;
  return join(folder, String(serial));
};

testObjectStore('a folder', async () => diskObjects(place()));

test('what a dead process had not finished is no object', async () => {
  const at = place();
  mkdirSync(join(at, 'a'), { recursive: true });
  writeFileSync(join(at, 'a', '1.unfinished'), 'half');
  expect(await diskObjects(at).list('a/')).toEqual([]);
});

test('what a dead process had not finished is removed, and not what may be under way', async () => {
  const at = place();
  mkdirSync(join(at, 'a'), { recursive: true });
  for (const name of ['old.unfinished', 'young.unfinished', 'old.parquet'])
    writeFileSync(join(at, 'a', name), 'half');
  const twoHoursAgo = Date.now() / 1_000 - 7_200;
  for (const name of ['old.unfinished', 'old.parquet'])
    utimesSync(join(at, 'a', name), twoHoursAgo, twoHoursAgo);
  expect(await diskObjects(at).create('b/new', Buffer.from('x'))).toBe(true);
  expect(readdirSync(join(at, 'a')).toSorted()).toEqual(['old.parquet', 'young.unfinished']);
});

test('a folder that cannot be written says so', async () => {
  const at = place();
  writeFileSync(at, 'a file');
  const objects = diskObjects(at);
  await expect(objects.create('a/b', new Uint8Array())).rejects.toMatchObject({
    ...{ code: 'archive_unavailable', status: 503 },
  });
  await expect(objects.list('a/')).rejects.toMatchObject({ code: 'archive_unavailable' });
});
