import { randomFillSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { BloomFilter } from './bloom-filter.ts';

function randomHashes(count: number): DataView {
  return new DataView(randomFillSync(new Uint8Array(count * 16)).buffer);
}

test('never denies what it was given, and seldom affirms what it was not', () => {
  const size = 50_000;
  const filter = BloomFilter.forSize(size);
  const given = randomHashes(size);
  const others = randomHashes(size);
  for (let at = 0; at < given.byteLength; at += 16) filter.add(given, at);
  let denied = 0;
  let mistaken = 0;
  for (let at = 0; at < given.byteLength; at += 16) {
    if (!filter.mayHave(given, at)) denied++;
    if (filter.mayHave(others, at)) mistaken++;
  }
  expect(denied).toBe(0);
  expect(mistaken / size).toBeLessThan(0.01);
  expect(filter.byteLength / size).toBeCloseTo(1.5, 1);
});

test('a filter for nothing has nothing', () => {
  expect(BloomFilter.forSize(0).mayHave(randomHashes(1), 0)).toBe(false);
});
