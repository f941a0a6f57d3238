import { describe, expect, test } from 'vitest';
import type { PipelineDescription } from '../../api/pipeline.ts';
import { allCohorts, cohortsOf } from './cohorts.ts';
import { questionOf, readState, writeState } from './state.ts';

const pipeline: PipelineDescription = {
  name: 'till',
  example: '{}',
  tables: null,
  common: [{ name: 'user_id', kind: 'string' }],
  events: [{ type: 'view', fields: [{ name: 'price', kind: 'decimal' }] }],
  rollups: [],
  windows: [],
};
const nowMs = Date.parse('2026-11-26T12:30:00Z');

const asked = (search: string) =>
  questionOf(readState(new URLSearchParams(search), pipeline), pipeline, nowMs);

describe('a question of retention', () => {
  test('comes back from the address as it was written', () => {
    const state = readState(
      new URLSearchParams(
        'first=view&first_where=price:gte:5.00&return_where=user_id:ne:a&every=month&periods=3&per=session_id&range=7d&zone=UTC',
      ),
      pipeline,
    );
    expect(readState(writeState(state), pipeline)).toEqual(state);
    expect(questionOf(state, pipeline, nowMs)).toMatchObject({
      first: { from: ['view'], where: { price: { gte: '5.00' } } },
      return: { where: { user_id: { ne: 'a' } } },
      every: 'month',
      periods: 3,
      per: 'session_id',
    });
  });

  test.each([
    ['day', 'UTC', '2026-11-20T00:00:00Z'],
    ['week', 'UTC', '2026-11-16T00:00:00Z'],
    ['month', 'UTC', '2026-11-01T00:00:00Z'],
    ['week', 'Asia/Tokyo', '2026-11-15T15:00:00Z'],
    // Clocks went back on the 1st.
    ['month', 'America/New_York', '2026-11-01T04:00:00Z'],
  ])('begins with a whole %s in %s', (every, zone, since) => {
    expect(asked(`every=${every}&zone=${zone}&range=7d`).since).toBe(since);
  });

  test('begins where somebody said, between two times', () => {
    const { since } = asked('since=2026-11-25T10:00:00Z&until=2026-11-26T00:00:00Z&every=week');
    expect(since).toBe('2026-11-25T10:00:00Z');
  });
});

describe('cohorts', () => {
  const row = (cohort: string, people: string, period: number, returned: string) => ({
    cohort,
    people,
    period,
    returned,
    share: Number(returned) / Number(people),
  });
  const cohorts = cohortsOf({
    rows: [
      row('2026-11-02T00:00:00Z', '4', 0, '2'),
      row('2026-11-02T00:00:00Z', '4', 1, '1'),
      row('2026-11-09T00:00:00Z', '2', 0, '2'),
    ],
  });

  test('have a share for each period that has begun', () => {
    expect(cohorts.map(({ periods }) => periods.map(({ share }) => share))).toEqual([
      [0.5, 0.25],
      [1],
    ]);
  });

  test('are counted together only where they have had the period', () => {
    expect(allCohorts(cohorts)).toEqual([
      { returned: 4, share: 4 / 6 },
      { returned: 1, share: 1 / 4 },
    ]);
  });
});
