import { expect, test } from 'vitest';
import type { PipelineDescription } from '../../api/pipeline.ts';
import { questionsOf, readState, writeState } from './state.ts';

const pipeline: PipelineDescription = {
  name: 'till',
  example: '{}',
  tables: null,
  common: [{ name: 'type', kind: 'string' }],
  events: [{ type: 'view', fields: [{ name: 'path', kind: 'string' }] }],
  rollups: [],
  windows: [],
};
const read = (search: string) => readState(new URLSearchParams(search), pipeline);

test('sessions come back from the address as they were written, and are asked four times', () => {
  const state = read(
    'from=view&from_where=path:present:&gap=1h&per=anonymous_id&entry=path&exit=gone&range=24h&zone=UTC',
  );
  expect(readState(writeState(state), pipeline)).toEqual(state);
  const { totals, buckets, entries, exits } = questionsOf(
    state,
    pipeline,
    Date.parse('2026-11-30T12:30:00Z'),
  );
  expect(totals).toEqual({
    from: ['view'],
    where: { path: { present: true } },
    gap: '1h',
    per: 'anonymous_id',
    levels: [0.5, 0.9],
    since: '2026-11-29T13:00:00Z',
    until: '2026-11-30T13:00:00Z',
  });
  expect(buckets).toMatchObject({ ...totals, every: 'hour', zone: 'UTC' });
  expect(entries).toMatchObject({ ...totals, entry: ['path'] });
  // A field that no such event has is none to tell sessions apart by.
  expect(exits).toMatchObject({ ...totals, exit: ['type'] });
});
