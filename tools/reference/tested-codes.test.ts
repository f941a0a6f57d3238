import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { refusals } from '../../packages/millrace/src/collect/refusals.ts';
import { errors } from '../../packages/millrace/src/errors.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** A suite of a port is a test of each of its adapters. */
const isTest = (path: string): boolean => /\.test\.ts$|\/ports\/\w+\.suite\.ts$/.test(path);

const testsIn = (folder: string): readonly string[] =>
  readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && isTest(join(entry.parentPath, entry.name)))
    .map(({ parentPath, name }) => join(parentPath, name))
    .filter((path) => !path.includes('node_modules'));

const sources = ['packages', 'tests', 'examples'].flatMap(testsIn).map((path) =>
  readFileSync(path, 'utf8')
    // What a comment says, no test holds.
    .replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, ''),
);

/** Whether a test names it as a text, as a key of its cases, or as the command prints it: `… (log_full)`. */
const isNamed = (code: string): boolean => {
  const named = new RegExp(String.raw`['"\`(]${code}\\?['"\`)]|^\s+${code}: `, 'm');
  return sources.some((source) => named.test(source));
};

test.each([
  ['error', errors],
  ['refusal', refusals],
])('a test names each %s code', (_, codes) => {
  expect(sources.length).toBeGreaterThan(50);
  expect(Object.keys(codes).filter((code) => !isNamed(code))).toEqual([]);
});
