import { expect, test } from 'vitest';
import { intentsIn, metadataOf } from './intent-metadata.ts';

const deadline = { atMs: Date.UTC(2026, 10, 29), sinceParts: 12_345, onlyMissing: false };

test('intents are read as they were written', () => {
  const intents = [
    { from: 0, to: 10, deadline },
    { from: 10, to: 20, deadline: { ...deadline, onlyMissing: true } },
  ];
  expect(intentsIn(metadataOf(intents))).toEqual(intents);
  expect(intentsIn(metadataOf([]))).toEqual([]);
  expect(intentsIn(null)).toEqual([]);
});

test('an intent without a deadline is long past it', () => {
  expect(intentsIn('[[5,9]]')).toEqual([
    { from: 5, to: 9, deadline: { atMs: 0, sinceParts: 0, onlyMissing: false } },
  ]);
});

test('a range of the most rows, halved down to one, has room in what brokers allow', () => {
  const halvings = Math.ceil(Math.log2(200_000));
  // Beside the halves that are left on each level one more range may be under way.
  const intents = Array.from({ length: halvings + 2 }, (_, n) => ({
    from: Number.MAX_SAFE_INTEGER - n,
    to: Number.MAX_SAFE_INTEGER,
    deadline: { atMs: deadline.atMs, sinceParts: 10 ** 12, onlyMissing: true },
  }));
  expect(metadataOf(intents).length).toBeLessThan(4_096);
});
