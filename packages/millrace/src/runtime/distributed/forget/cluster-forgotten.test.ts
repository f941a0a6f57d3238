import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ForgetReceipt } from '../../../ports/forget-progress.ts';
import { type AppliedEntry, appliedIn, nothingApplied } from '../apply/applied.ts';
import { Claim, placed } from '../apply/claim.ts';
import { memoryJournal } from '../apply/memory-journal.suite.ts';
import {
  afterForget,
  type ClusterForgotten,
  type ClusterOrder,
  changesOf,
  type ForgetChange,
  followForgotten,
  forgottenEntries,
  forgottenOffsets,
  isAnyForgotten,
  nothingForgotten,
} from './cluster-forgotten.ts';

const order = (id: string): ClusterOrder => ({
  ...{ id, person: { userId: 'u1', anonymousId: null }, orderedAtMs: 1, hasArchive: true },
  ...{ lettersBefore: [3, 4], cut: [50, 60], found: null, removed: false, archivedTo: [] },
});
const receipt = (id: string): ForgetReceipt => ({
  ...{ id, ordered_at: '', done_at: '', events: 1, dead_letters: 0, archived: 1 },
  ...{ rollups: [], rebuilt: [], rows_removed_from: [], log_until: null },
});
const all = (changes: readonly ForgetChange[]): ClusterForgotten =>
  changes.reduce(afterForget, nothingForgotten);
const found = (id: string | null, partition: number, ...at: readonly number[]): ForgetChange => ({
  ...{ kind: 'forgotten', order: id, partition },
  ranges: at.map((offset) => [offset, offset + 1]),
});

test('what an order found is not read from then on, and the receipt names nobody', () => {
  const underWay = all([
    ...[found(null, 1, 8), { kind: 'forget', order: order('a') } as const],
    ...[found('a', 1, 2, 9), found('a', 1, 9)],
  ]);
  expect(underWay.theirs).toEqual([
    [],
    [
      [2, 3],
      [9, 10],
    ],
  ]);
  expect(forgottenOffsets(underWay, 0).ranges).toEqual([]);
  const read = [
    [2, 3],
    [8, 10],
  ];
  expect(forgottenOffsets(underWay, 1).ranges).toEqual(read);
  const done = afterForget(underWay, { kind: 'receipt', receipt: receipt('a') });
  expect(forgottenOffsets(done, 1).ranges).toEqual(read);
  expect(done).toMatchObject({ underWay: null, theirs: [], done: [receipt('a')] });
  expect(JSON.stringify(done)).not.toContain('u1');
});

test('it is known whether a log still has something that was forgotten', () => {
  const done = all([found(null, 1, 8)]);
  expect(isAnyForgotten(nothingForgotten)).toBe(false);
  expect(isAnyForgotten(done)).toBe(true);
  expect(isAnyForgotten(done, [100, 8])).toBe(true);
  expect(isAnyForgotten(done, [100, 9])).toBe(false);
  // It may be that it is not found yet.
  expect(isAnyForgotten(all([{ kind: 'forget', order: order('a') }]), [100, 9])).toBe(true);
});

test('a reader follows what is forgotten meanwhile', () => {
  let now = nothingForgotten;
  const offsets = followForgotten(() => now, 1);
  expect(offsets().ranges).toEqual([]);
  now = all([found(null, 1, 8)]);
  expect(offsets().ranges).toEqual([[8, 9]]);
  expect(offsets()).toBe(offsets());
});

const offsets = fc.array(fc.nat(30), { minLength: 1, maxLength: 8 });
const change: fc.Arbitrary<ForgetChange> = fc.oneof(
  fc.constantFrom('a', 'b').map((id) => ({ kind: 'forget', order: order(id) }) as const),
  fc
    .tuple(fc.constantFrom('a', 'b', null), fc.nat(2), offsets)
    .map(([id, partition, at]) => found(id, partition, ...at)),
  fc.constantFrom('a', 'b').map((id) => ({ kind: 'receipt', receipt: receipt(id) }) as const),
);

test('kept anew it is the same, also twice, and after what lies before is gone', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(change, { maxLength: 12 }), async (changes) => {
      const journal = memoryJournal();
      const first = await Claim.take(journal);
      for (const one of changes) await first.keepForgotten(one);
      await first.keep({ ...nothingApplied, eventsGoneBeforeMs: 7 });
      await first.release();
      const next = await Claim.take(journal);
      expect(next.applied.forgotten).toEqual(all(changes));
      const from = await next.renewAll();
      const { applied } = next;
      await next.release();
      for (const entries of [journal.entries, journal.entries.slice(from)]) {
        const { applied: read } = appliedIn(entries.map(placed));
        expect(read.forgotten).toEqual(applied.forgotten);
        expect(read.eventsGoneBeforeMs).toBe(7);
      }
      expect(all(changesOf(applied.forgotten)).done).toEqual(applied.forgotten.done);
    }),
  );
});

test('what is kept of a definition has no offsets in it, and many offsets are many entries', async () => {
  const journal = memoryJournal();
  const claim = await Claim.take(journal);
  const ranges = Array.from({ length: 50_001 }, (_, n) => [3 * n, 3 * n + 1] as const);
  const entries = forgottenEntries(null, 0, ranges);
  expect(entries).toHaveLength(3);
  for (const one of entries) await claim.keepForgotten(one);
  expect(forgottenOffsets(claim.applied.forgotten, 0).ranges).toEqual(ranges);
  await claim.keep(claim.applied);
  await claim.release();
  const kinds = journal.entries.map(({ line }) => {
    const entry: AppliedEntry = JSON.parse(line);
    return entry.kind === 'keep' ? [entry.kind, line.length < 1_000] : entry.kind;
  });
  expect(kinds).toEqual([
    ...['claim', 'forgotten', 'forgotten', 'forgotten'],
    ...[['keep', true], 'release'],
  ]);
});
