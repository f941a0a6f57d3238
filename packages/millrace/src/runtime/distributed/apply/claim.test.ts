import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type AppliedEntry, appliedIn, claimMs, nothingApplied, type Placed } from './applied.ts';
import { Claim } from './claim.ts';
import { memoryJournal } from './memory-journal.suite.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const applied = { ...nothingApplied, jobs: {} };
const inProgress = { code: 'apply_in_progress' };

test('one at a time has it', async () => {
  const journal = memoryJournal();
  const first = await Claim.take(journal);
  await expect(Claim.take(journal)).rejects.toMatchObject(inProgress);
  await first.release();
  await (await Claim.take(journal)).release();
});

test('of those who ask at the same moment one gets it', async () => {
  const journal = memoryJournal();
  const asked = await Promise.allSettled(Array.from({ length: 5 }, () => Claim.take(journal)));
  expect(asked.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
});

test('it is kept as long as its holder lives', async () => {
  const journal = memoryJournal();
  const claim = await Claim.take(journal);
  await vi.advanceTimersByTimeAsync(5 * claimMs);
  await expect(Claim.take(journal)).rejects.toMatchObject(inProgress);
  claim.sure();
  await claim.release();
});

test('a holder that slept too long begins nothing any more, and what it keeps counts for nothing', async () => {
  const journal = memoryJournal();
  const sleeper = await Claim.take(journal);
  vi.setSystemTime(Date.now() + claimMs);
  vi.spyOn(performance, 'now').mockReturnValue(performance.now() + claimMs);
  const heir = await Claim.take(journal);
  expect(() => sleeper.sure()).toThrow(expect.objectContaining(inProgress));
  await expect(sleeper.keep(applied)).rejects.toMatchObject(inProgress);
  await heir.release();
});

test('what the next one finds is what the last one kept', async () => {
  const journal = memoryJournal();
  const claim = await Claim.take(journal);
  const job = { name: 'j', settings: {}, statements: [], reads: [], writes: [] };
  const kept = { ...applied, jobs: { j: { job, id: '1', from: null, savepoint: null } } };
  await claim.keep(kept);
  await claim.release();
  const next = await Claim.take(journal);
  expect(next.applied).toEqual(kept);
  // What lies before the offset that it names can go.
  const from = await next.renewAll();
  await next.release();
  const rest = journal.entries.slice(from).map(({ offset, atMs, line }): Placed => {
    const entry: AppliedEntry = JSON.parse(line);
    return { offset, atMs, entry };
  });
  expect(appliedIn(rest)).toEqual({ applied: kept, holder: null });
});

test('entries of those whose claim went to another change nothing', () => {
  const at = (atMs: number, entry: AppliedEntry): Placed => ({ offset: atMs, atMs, entry });
  const late = { ...nothingApplied, jobs: { late: never } };
  const { applied: found, holder } = appliedIn([
    at(0, { kind: 'claim', by: 'a', who: 'A' }),
    at(10, { kind: 'claim', by: 'b', who: 'B' }),
    at(20, { kind: 'keep', by: 'b', applied: late }),
    at(30, { kind: 'renew', by: 'a' }),
    at(30 + claimMs - 1, { kind: 'claim', by: 'c', who: 'C' }),
    at(30 + claimMs, { kind: 'claim', by: 'd', who: 'D' }),
    at(40 + claimMs, { kind: 'keep', by: 'a', applied: late }),
    at(50 + claimMs, { kind: 'release', by: 'a' }),
  ]);
  expect(found).toEqual(nothingApplied);
  expect(holder?.who).toBe('D');
});

const never = {
  job: { name: 'late', settings: {}, statements: [], reads: [], writes: [] },
  ...{ id: 'x', from: null, savepoint: null },
};
