import { describe, expect, test } from 'vitest';
import type { PipelineDescription } from '../../api/pipeline.ts';
import { groupsOf, totalOf } from './funnel-groups.ts';
import { questionOf, readState, writeState } from './state.ts';

const pipeline: PipelineDescription = {
  name: 'till',
  example: '{}',
  tables: null,
  common: [{ name: 'user_id', kind: 'string' }],
  events: [
    { type: 'view', fields: [{ name: 'price', kind: 'decimal' }] },
    { type: 'click', fields: [] },
    { type: 'purchase', fields: [{ name: 'value', kind: 'decimal' }] },
  ],
  rollups: [],
  windows: [],
};

const read = (search: string) => readState(new URLSearchParams(search), pipeline);

describe('a funnel in an address', () => {
  test('is from the first event to the last, where nothing is said', () => {
    const { steps, within, per } = read('');
    expect(steps.map(({ from }) => from)).toEqual([['view'], ['purchase']]);
    expect({ within, per }).toEqual({ within: '7d', per: 'user_id' });
  });

  test('comes back as it was written', () => {
    const state = read(
      'step=view&step=click,purchase&step=view&where=1.price:gte:5.00&where=3.user_id:ne:a:b&by=price&within=1h&per=session_id&range=7d&zone=Europe/London',
    );
    expect(readState(writeState(state), pipeline)).toEqual(state);
    expect(questionOf(state, pipeline, Date.parse('2026-11-30T12:30:00Z'))).toEqual({
      steps: [
        { from: ['view'], where: { price: { gte: '5.00' } } },
        { from: ['click', 'purchase'] },
        { from: ['view'], where: { user_id: { ne: 'a:b' } } },
      ],
      within: '1h',
      per: 'session_id',
      by: ['price'],
      limit: 150,
      levels: [0.5, 0.9],
      since: '2026-11-23T13:00:00Z',
      until: '2026-11-30T13:00:00Z',
    });
  });

  test('is without what the pipeline does not have', () => {
    const { steps, by } = read('step=view&step=sale&step=click&where=1.value:eq:1&by=value');
    expect(steps).toEqual([
      { from: ['view'], filters: [] },
      { from: ['click'], filters: [] },
    ]);
    expect(by).toEqual([]);
  });

  test('has the conditions of the steps that are left', () => {
    const { steps } = read('step=sale&step=view&step=view&where=2.price:eq:1&where=3.price:eq:2');
    expect(steps.map(({ filters }) => filters.map(({ value }) => value))).toEqual([['1'], ['2']]);
  });
});

describe('the answer of a funnel', () => {
  const row = (country: string | null, step: number, people: string) => ({
    country,
    step,
    event: step === 1 ? 'view' : 'purchase',
    people,
    conversion: 0.5,
    step_conversion: null,
    duration_ms: [1, null],
  });

  test('is told by groups, and added up', () => {
    const groups = groupsOf({
      columns: [
        { name: 'country', type: 'string' },
        { name: 'step', type: 'int32' },
      ],
      rows: [row('DE', 1, '4'), row('DE', 2, '2'), row(null, 1, '3'), row(null, 2, '1')],
    });
    expect(groups.map(({ values }) => values)).toEqual([['DE'], [null]]);
    expect(groups[1]?.steps.map(({ people }) => people)).toEqual([3, 1]);
    expect(totalOf(groups)).toEqual({ first: 7, last: 3 });
  });
});
