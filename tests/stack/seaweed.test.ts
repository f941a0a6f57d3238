import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AwsClient } from 'aws4fetch';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Seaweed, startSeaweed } from '../../tools/stack/seaweed.ts';

const folder = mkdtempSync(join(tmpdir(), 'millrace-seaweed-'));

let seaweed: Seaweed;
beforeAll(async () => {
  seaweed = await startSeaweed({ folder });
});
afterAll(async () => {
  await seaweed.stop();
  rmSync(folder, { recursive: true, force: true });
});

test('an object is there after a kill, for who has the key alone', async () => {
  const { s3, accessKeyId, secretAccessKey } = seaweed.addresses;
  const aws = new AwsClient({ accessKeyId, secretAccessKey, service: 's3', region: 'us-east-1' });
  const object = `${s3}/bucket/folder/object`;
  expect((await aws.fetch(`${s3}/bucket`, { method: 'PUT' })).status).toBe(200);
  expect((await aws.fetch(object, { method: 'PUT', body: 'what is in it' })).status).toBe(200);
  seaweed.kill('weed', 'SIGKILL');
  await seaweed.restart('weed');
  expect(await (await aws.fetch(object)).text()).toBe('what is in it');
  expect((await fetch(object)).status).toBe(403);
});
