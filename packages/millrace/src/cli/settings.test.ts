import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { resolveSettings, settings } from './settings.ts';

const folder = mkdtempSync(join(tmpdir(), 'millrace-settings-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let serial = 0;
function settingsFile(content: string): string {
  serial += 1;
  const path = join(folder, `${serial}.json`);
  writeFileSync(path, content);
  return path;
}

test('a flag wins over the environment, that over the file, that over the default', () => {
  const file = settingsFile('{ "port": 1, "host": "127.0.0.2", "data": "from-file" }');
  const env = { MILLRACE_PORT: '2', MILLRACE_HOST: '127.0.0.3' };
  expect(resolveSettings({ flags: { port: '3' }, env, file })).toMatchObject({
    port: 3,
    host: '127.0.0.3',
    data: 'from-file',
    pipeline: 'millrace.config.ts',
  });
});

test('keys are lists, by comma or as JSON', () => {
  const file = settingsFile('{ "read_keys": ["r1", "r2"] }');
  expect(
    resolveSettings({ flags: {}, env: { MILLRACE_WRITE_KEYS: 'w1, w2' }, file }),
  ).toMatchObject({ writeKeys: ['w1', 'w2'], readKeys: ['r1', 'r2'] });
});

test.each([
  ['--port', { port: '99999' }, {}, '{}'],
  ['MILLRACE_PORT', {}, { MILLRACE_PORT: 'http' }, '{}'],
  ['port in', {}, {}, '{ "port": "1.5" }'],
  ['MILLRACE_WRITE_KEYS', {}, { MILLRACE_WRITE_KEYS: ',' }, '{}'],
  ['unknown setting prot', {}, {}, '{ "prot": 1 }'],
  ['is not JSON', {}, {}, '{'],
  ['one JSON object', {}, {}, '[]'],
])('what is wrong is named with its place: %s', (place, flags, env, content) => {
  expect(() => resolveSettings({ flags, env, file: settingsFile(content) })).toThrow(
    expect.objectContaining({ code: 'config_invalid', message: expect.stringContaining(place) }),
  );
});

test('a wrong key is not repeated in the message', () => {
  expect(() =>
    resolveSettings({ flags: { readKeys: 'secret-1,,' }, env: {}, file: settingsFile('{}') }),
  ).toThrow(expect.objectContaining({ message: expect.not.stringContaining('secret') }));
});

test('a settings file that is named must be there', () => {
  expect(() => resolveSettings({ flags: {}, env: {}, file: join(folder, 'missing.json') })).toThrow(
    expect.objectContaining({ code: 'config_invalid' }),
  );
});

test('every setting has a flag and a variable of its own', () => {
  const all = Object.values(settings);
  expect(new Set(all.map(({ flag }) => flag)).size).toBe(all.length);
  for (const { flag, env } of all) {
    expect(env).toBe(`MILLRACE_${flag.replaceAll('-', '_').toUpperCase()}`);
  }
});
