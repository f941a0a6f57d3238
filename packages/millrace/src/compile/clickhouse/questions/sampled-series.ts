import type { MeasurePlan } from '../../../plan/plan.ts';
import { type Sampling, sampleGroups } from '../../../plan/questions/sampling.ts';
import { boundColumns, type SeriesQuestion } from '../../../plan/questions/series.ts';
import { eventsTable } from '../events-table.ts';
import { eventsAlias, fieldExpression } from '../field.ts';
import { compileMeasure, finishStates } from '../measure.ts';
import { call, columnOf, type Expression, infix, literal, type Select, tuple } from '../nodes.ts';
import { epochMs, happenedMs } from '../window-range.ts';
import { allOf, bucketOf, inRange, isOneOf, timestamp } from './asked-range.ts';

const partsAlias = 'p';
// Two underscores are nobody else's.
const groupColumn = 'group__';
const seenColumn = 'seen__';

/** Of fewer events nobody knows how far off an estimate may be. */
const seenMin = 30;

/** 0.975 quantiles of Student's t with 1 to 14 degrees of freedom: of an interval for 95 in 100. */
const studentT = [
  ...[12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.306],
  ...[2.2622, 2.2281, 2.201, 2.1788, 2.1604, 2.1448],
];
/** The same with 15, one less than there are groups. */
const studentTOfAll = 2.1314;

/**
 * Measures estimated from slices of time, each with a 95 % interval, by the method
 * of random groups (Wolter, Introduction to Variance Estimation, 2nd ed., 2007,
 * chapter 2): the groups of slices are estimates of their own, so the variance
 * of their mean is the variance among them divided by their number. For counts and sums that is
 * without bias, with the correction for a finite population, because the groups of a
 * stratum are drawn without replacement.
 */
export const sampledSeries = (
  question: SeriesQuestion,
  sampling: Sampling,
  database: string,
): Select => ({
  columns: [
    ...(question.every === null ? [] : [{ expression: part('bucket'), as: 'bucket' }]),
    ...question.by.map(({ name }) => ({ expression: part(name), as: name })),
    ...question.measures.flatMap((measure) => {
      const { low, high } = boundColumns(measure.name);
      const { value, bounds } = estimated(measure, sampling.oneIn);
      return [
        { expression: value, as: measure.name },
        { expression: bounds('-'), as: low },
        { expression: bounds('+'), as: high },
      ];
    }),
  ],
  from: statesOfGroups(question, sampling, database),
  alias: partsAlias,
  where: null,
  groupBy: 'all',
});

/** Mergeable states, a row for each bucket, combination of dimensions, and group of slices. */
const statesOfGroups = (
  { every, zone, by, measures, from, where, ...range }: SeriesQuestion,
  { sinceMs, sliceMs, drawn }: Sampling,
  database: string,
): Select => {
  const slice = call('intDiv', infix('-', happenedMs, epochMs(sinceMs)), literal(sliceMs));
  const slices = drawn.map((one) => literal(one.slice));
  const groups = drawn.map((one) => literal(one.group));
  return {
    columns: [
      ...(every === null ? [] : [{ expression: bucketOf(every, timestamp, zone), as: 'bucket' }]),
      ...by.map(({ name, field }) => ({ expression: fieldExpression(field), as: name })),
      {
        expression: call('transform', slice, list(slices), list(groups), literal(0)),
        as: groupColumn,
      },
      { expression: call('count'), as: seenColumn },
      ...measures.flatMap((measure) =>
        compileMeasure(measure).states.map(({ name, from }) => ({ expression: from, as: name })),
      ),
    ],
    from: { database, table: eventsTable },
    alias: eventsAlias,
    // The index of the table finds slices, since they are a step of time alone.
    where: allOf([
      ...isOneOf(from, where),
      ...inRange(range, timestamp),
      infix('IN', slice, tuple(...slices)),
    ]),
    groupBy: 'all',
  };
};

interface Estimated {
  readonly value: Expression;
  /** The lower or the upper end of the interval; null where too little was seen. */
  readonly bounds: (side: '-' | '+') => Expression;
}

const estimated = (measure: MeasurePlan, oneIn: number): Estimated => {
  const whole = finishStates(measure, partsAlias);
  switch (measure.kind) {
    case 'count':
    case 'sum': {
      const value = infix('*', whole, literal(oneIn));
      const error = totalError(call('toFloat64', part(measure.name)), oneIn);
      const end = (side: '-' | '+'): Expression => beside(value, side, error);
      // There are as many as were seen, at least.
      const seen = call('toFloat64', whole);
      return {
        value,
        bounds: (side) =>
          ifSeen(
            measure.kind === 'count' && side === '-'
              ? call('greatest', end(side), seen)
              : end(side),
          ),
      };
    }
    case 'quantiles': {
      const ofGroup = compileMeasure(measure).finish(({ name }) =>
        call('finalizeAggregation', part(name)),
      );
      return {
        value: whole,
        bounds: (side) =>
          list(
            measure.levels.map((_, index) => {
              const at = (all: Expression): Expression =>
                call('arrayElement', all, literal(index + 1));
              return ifSeen(ifSpread(at(whole), side, at(ofGroup), oneIn));
            }),
          ),
      };
    }
    case 'avg': {
      const ofGroup = compileMeasure(measure).finish(({ name }) => part(name));
      return { value: whole, bounds: (side) => ifSeen(ifSpread(whole, side, ofGroup, oneIn)) };
    }
    case 'min':
    case 'max':
    case 'uniq':
      throw new RangeError(`${measure.kind} cannot be estimated from slices of time`);
  }
};

/** Half of the interval of a total, of what each group has of it; a group without a row has 0. */
const totalError = (ofGroup: Expression, oneIn: number): Expression => {
  const total = call('sum', ofGroup);
  const squares = call('sum', infix('*', ofGroup, ofGroup));
  const spread = infix('-', squares, infix('/', infix('*', total, total), literal(sampleGroups)));
  const variance = unread(oneIn) * (sampleGroups / (sampleGroups - 1)) * oneIn ** 2;
  return infix(
    '*',
    literal(studentTOfAll * Math.sqrt(variance)),
    call('sqrt', call('greatest', spread, literal(0))),
  );
};

/** The end of the interval of what is no total, of what it is in each group that has it: in two, or there is none. */
const ifSpread = (
  value: Expression,
  side: '-' | '+',
  ofGroup: Expression,
  oneIn: number,
): Expression => {
  const groups = call('count', ofGroup);
  const freedom = infix('-', call('greatest', groups, literal(2)), literal(1));
  const error = infix(
    '*',
    call('arrayElement', list([...studentT, studentTOfAll].map(literal)), freedom),
    call('sqrt', infix('/', infix('*', literal(unread(oneIn)), call('varSamp', ofGroup)), groups)),
  );
  return call('if', infix('<', groups, literal(2)), literal(null), beside(value, side, error));
};

/** The share of slices that is not read: what all of them say has no error. */
const unread = (oneIn: number): number => 1 - 1 / oneIn;

const beside = (value: Expression, side: '-' | '+', error: Expression): Expression =>
  infix(side, call('toFloat64', value), error);

const ifSeen = (bound: Expression): Expression =>
  call('if', infix('<', call('sum', part(seenColumn)), literal(seenMin)), literal(null), bound);

const list = (members: readonly Expression[]): Expression => call('array', ...members);
const part = (name: string): Expression => columnOf(partsAlias, name);
