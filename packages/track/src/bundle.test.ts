import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { bundle } from '../bundle.mjs';

describe.each([
  ['script.ts', 'iife'],
  ['index.ts', 'esm'],
] as const)('the bundle of %s', (entry, format) => {
  test('is one file under 5 kB', async () => {
    const code = await bundle(entry, format);
    expect(gzipSync(code).length).toBeLessThan(5_000);
    expect(code).not.toMatch(/\bimport\b|\brequire\b/);
  });
});
