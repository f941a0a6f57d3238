import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { pythonBin } from '../../tools/stack/python.ts';
import { MillraceProcess } from '../support/millrace-process.ts';

// What /openapi.json says, held against what a running Millrace does. The same
// seed makes the same requests; MILLRACE_TEST_SEED asks others.

const file = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const seed = process.env.MILLRACE_TEST_SEED ?? '20260501';
const folder = mkdtempSync(join(tmpdir(), 'millrace-openapi-'));
const document = join(folder, 'openapi.json');

let millrace: MillraceProcess;
let url: string;
let bin: string;
beforeAll(async () => {
  millrace = new MillraceProcess({
    pipeline: file('../support/everything.config.ts'),
    data: join(folder, 'data'),
    env: { MILLRACE_WRITE_KEYS: 'w', MILLRACE_READ_KEYS: 'r' },
  });
  url = await millrace.url();
  const response = await fetch(`${url}/openapi.json`, { headers: { authorization: 'Bearer r' } });
  expect(response.status).toBe(200);
  writeFileSync(document, await response.text());
  bin = await pythonBin();
});
afterAll(async () => {
  await millrace.stop();
  rmSync(folder, { recursive: true, force: true });
});

test('it is a document of OpenAPI 3.1', () => {
  const ran = spawnSync(join(bin, 'openapi-spec-validator'), [document]);
  expect(`${ran.stdout}${ran.stderr}`).toMatch(/: OK\n$/);
});

test(`schemathesis finds nothing that it does not say (seed ${seed})`, () => {
  const ran = spawnSync(
    join(bin, 'schemathesis'),
    [
      ...['--config-file', file('openapi/schemathesis.toml')],
      ...['run', document, '--url', url, '--seed', seed],
      ...['--max-examples', '25', '--max-time', '120'],
    ],
    {
      cwd: folder,
      env: { ...process.env, SCHEMATHESIS_HOOKS: file('openapi/hooks.py'), NO_COLOR: '1' },
    },
  );
  const said = `${ran.stdout}${ran.stderr}`;
  expect(ran.status, said).toBe(0);
  expect(said).toMatch(/Tested: \d{2}/);
  // A defect answers 500, which the server says in its log as well.
  expect(millrace.errors).toBe('');
  expect(millrace.running).toBe(true);
});
