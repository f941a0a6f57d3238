import { type FunnelQuestion, type FunnelStep, stepName } from '../../../plan/questions/funnel.ts';
import { eventsTable } from '../events-table.ts';
import { carried, carry, eventsAlias, fieldExpression, resultsAlias } from '../field.ts';
import {
  call,
  column,
  columnOf,
  type Expression,
  infix,
  lambda,
  literal,
  parametricCall,
  type Select,
  tuple,
} from '../nodes.ts';
import { epochMs, happenedMs } from '../window-range.ts';
import { allOf, inRange, isOneOf, numbersOrNull, timestamp } from './asked-range.ts';

// Two underscores are nobody else's.
const person = 'funnel__person';
const items = 'funnel__items';
const happened = 'funnel__ms';
const step = 'funnel__step';
const reached = 'funnel__reached';
const farthest = 'funnel__farthest';
const journey = 'funnel__journey';
/** When the soonest way on from an item is at this step. */
const soonest = (number: number): string => `funnel__soonest_${number}`;
const people = 'funnel__people';
const durations = 'funnel__durations';

/** A row for each step of each group, and one more than `rowsMax` if there are more. */
export const funnelSelect = (question: FunnelQuestion, database: string): Select => {
  const { steps, by, rowsMax } = question;
  const number = carried('step');
  const atStep = (at: Expression): Expression => call('arrayElement', carried(people), at);
  const share = (of: Expression): Expression =>
    infix('/', atStep(number), call('nullIf', of, literal(0)));
  const first = atStep(literal(1));
  const before = atStep(call('greatest', infix('-', number, literal(1)), literal(1)));
  const order = [first, ...by.map(({ name }) => carried(name)), number];
  return {
    columns: [
      ...by.map(({ name }) => carry(name)),
      carry('step'),
      {
        expression: call('arrayElement', listOf(steps.map(stepName)), number),
        as: 'event',
      },
      { expression: atStep(number), as: 'people' },
      { expression: share(first), as: 'conversion' },
      { expression: share(before), as: 'step_conversion' },
      {
        expression: numbersOrNull(call('arrayElement', carried(durations), number)),
        as: 'duration_ms',
      },
    ],
    from: stepRows(question, groups(question, database)),
    alias: resultsAlias,
    where: null,
    groupBy: null,
    orderBy: order.map((expression) => ({ expression, descending: expression === first })),
    limit: { rows: rowsMax + 1, offset: 0 },
  };
};

const stepRows = ({ steps, by }: FunnelQuestion, from: Select): Select => ({
  columns: [
    ...[...by.map(({ name }) => name), people, durations].map(carry),
    { expression: call('arrayJoin', listOf(steps.map((_, at) => at + 1))), as: 'step' },
  ],
  from,
  alias: resultsAlias,
  where: null,
  groupBy: null,
});

/** Of each group how many people are at each step, and how long that took them. */
const groups = (question: FunnelQuestion, database: string): Select => {
  const { steps, by, levels } = question;
  const isAt = (at: number): Expression =>
    infix('>=', call('length', carried(journey)), literal(at + 1));
  const timeOfStep = (at: number): Expression =>
    call('arrayElement', carried(journey), literal(at + 1));
  return {
    columns: [
      ...by.map(({ name }) => carry(name)),
      { expression: call('array', ...steps.map((_, at) => call('countIf', isAt(at)))), as: people },
      {
        expression: call(
          'array',
          ...steps.map((_, at) =>
            parametricCall(
              'quantilesExactInclusiveIf',
              levels,
              infix('-', timeOfStep(at), timeOfStep(0)),
              isAt(at),
            ),
          ),
        ),
        as: durations,
      },
    ],
    from: journeys(
      question,
      reaches(question, ways(question, unpacked(question, itemsOfPeople(question, database)))),
    ),
    alias: resultsAlias,
    where: call('notEmpty', carried(journey)),
    groupBy: 'all',
  };
};

/** Of each person the times of the steps of the journey that counts, and what is asked of its first event. */
const journeys = ({ steps, by }: FunnelQuestion, from: Select): Select => {
  const at = call('indexOf', carried(reached), carried(farthest));
  const times = [happened, ...steps.slice(1).map((_, index) => soonest(index + 2))];
  const first = call('arrayElement', carried(items), at);
  return {
    columns: [
      {
        expression: call(
          'arraySlice',
          call('array', ...times.map((name) => call('arrayElement', carried(name), at))),
          literal(1),
          carried(farthest),
        ),
        as: journey,
      },
      ...by.map(({ name }, index) => ({
        expression: call('tupleElement', first, literal(valueAt + index)),
        as: name,
      })),
    ],
    from,
    alias: resultsAlias,
    where: null,
    groupBy: null,
  };
};

/** How far the journeys that begin with each item go, and the farthest of them. */
const reaches = ({ steps, withinMs }: FunnelQuestion, from: Select): Select => {
  const later = steps.slice(1).map((_, index) => soonest(index + 2));
  // A way is in the order of time, so what is in time is its beginning.
  const inTime = later.map((name) =>
    infix('<=', infix('-', column(name), column('t')), epochMs(withinMs)),
  );
  const reach = call(
    'if',
    infix('=', column('s'), literal(1)),
    infix('+', literal(1), ...inTime),
    literal(0),
  );
  const kept = [items, happened, ...later];
  const reachedBy = call(
    'arrayMap',
    lambda(['s', 't', ...later], reach),
    carried(step),
    carried(happened),
    ...later.map(carried),
  );
  const each: Select = {
    columns: [...kept.map(carry), { expression: reachedBy, as: reached }],
    from,
    alias: resultsAlias,
    where: null,
    groupBy: null,
  };
  return {
    columns: [
      ...[...kept, reached].map(carry),
      { expression: call('arrayMax', carried(reached)), as: farthest },
    ],
    from: each,
    alias: resultsAlias,
    where: null,
    groupBy: null,
  };
};

/**
 * From each item the soonest way on. From the last step to the second, every
 * item gets the times of the first item behind it that is of this step: when
 * that happened, and what it has got itself. So each event is looked at once for
 * each step, however many journeys begin.
 */
const ways = ({ steps }: FunnelQuestion, from: Select): Select =>
  steps
    .map((_, at) => at + 1)
    .slice(1)
    .reverse()
    .reduce((behind: Select, number) => {
      const isThere = infix(
        'OR',
        infix('=', column('s'), literal(number)),
        infix('=', column('s'), literal(0)),
      );
      const nextOf = (times: string): Expression =>
        call('arrayReverseFill', lambda(['t', 's'], isThere), carried(times), carried(step));
      const farther = steps.slice(number).map((_, index) => soonest(number + 1 + index));
      return {
        columns: [
          ...[items, happened, step].map(carry),
          { expression: nextOf(happened), as: soonest(number) },
          ...farther.map((name) => ({ expression: nextOf(name), as: name })),
        ],
        from: behind,
        alias: resultsAlias,
        where: null,
        groupBy: null,
      };
    }, from);

// An item is an event as one step, as a number: when, its order among those of the same
// instant, and which step; so that numbers are sorted. Its values follow, if any are asked for.
const valueAt = 2;
const [ranks, numbers] = [16, 32];
/** Step 0, later than anything: what follows the last item. */
const never = 2 ** 52;

const unpacked = ({ by }: FunnelQuestion, from: Select): Select => {
  const item = column('i');
  const key = by.length === 0 ? item : call('tupleElement', item, literal(1));
  const width = literal(ranks * numbers);
  const ms = call(
    'intDiv',
    infix('-', key, call('bitAnd', key, literal(ranks * numbers - 1))),
    width,
  );
  const number = call('bitAnd', key, literal(numbers - 1));
  const each = (of: Expression, last: number): Expression =>
    call('arrayPushBack', call('arrayMap', lambda(['i'], of), carried(items)), epochMs(last));
  return {
    columns: [
      carry(items),
      { expression: each(ms, never), as: happened },
      { expression: each(number, 0), as: step },
    ],
    from,
    alias: resultsAlias,
    where: null,
    groupBy: null,
  };
};

const itemsOfPeople = (question: FunnelQuestion, database: string): Select => {
  const { steps, by } = question;
  const rank = call('arrayElement', listOf(ranksOf(steps)), carried(step));
  const instant = infix('+', infix('*', carried('ms'), literal(ranks)), rank);
  const key = infix('+', infix('*', instant, literal(numbers)), carried(step));
  const item =
    by.length === 0 ? key : tuple(key, ...by.map(({ name }) => carried(valueColumn(name))));
  return {
    columns: [
      carry(person),
      { expression: call('arraySort', call('groupArray', item)), as: items },
    ],
    from: eventsAsSteps(question, database),
    alias: resultsAlias,
    where: infix('>', carried(step), literal(0)),
    groupBy: 'all',
  };
};

/**
 * The order of steps at the same instant, where each is seen by the one before it if
 * it may be as late: from the last item to the first, it has to come before that one then,
 * and behind it else.
 */
const ranksOf = (steps: readonly FunnelStep[]): readonly number[] => {
  const order: number[] = [];
  for (const [at, { laterMs }] of steps.entries())
    if (laterMs === 0) order.push(at);
    else order.unshift(at);
  return steps.map((_, at) => order.indexOf(at));
};

/** An event as many times as there are steps that it can be, and at least once; as step 0 if it is none. */
const eventsAsSteps = (
  { steps, per, by, sinceMs, untilMs, withinMs }: FunnelQuestion,
  database: string,
): Select => {
  const someone = columnOf(eventsAlias, per);
  const beforeEnd = inRange({ sinceMs: null, untilMs }, timestamp);
  const fits = steps.map(({ from, where }, at) =>
    infix('AND', ...isOneOf(from, where), ...(at === 0 ? beforeEnd : [])),
  );
  const cases = fits.map((fit, at) => ({ fit, number: literal(at + 1) }));
  // Where no step shares a type with another.
  const isOneAtMost = steps.every(({ laterMs }) => laterMs === 0);
  return {
    columns: [
      { expression: someone, as: person },
      { expression: happenedMs, as: 'ms' },
      {
        expression: isOneAtMost
          ? call('multiIf', ...cases.flatMap(({ fit, number }) => [fit, number]), literal(0))
          : call(
              'arrayJoin',
              call('array', ...cases.map(({ fit, number }) => call('if', fit, number, literal(0)))),
            ),
        as: step,
      },
      ...by.map(({ name, field }) => ({
        expression: fieldExpression(field),
        as: valueColumn(name),
      })),
    ],
    from: { database, table: eventsTable },
    alias: eventsAlias,
    where: allOf([
      ...isOneOf([...new Set(steps.flatMap(({ from }) => from))], null),
      ...inRange({ sinceMs, untilMs: untilMs === null ? null : untilMs + withinMs + 1 }, timestamp),
      call('isNotNull', someone),
    ]),
    groupBy: null,
  };
};

const valueColumn = (name: string): string => `funnel__${name}`;

const listOf = (values: readonly (string | number)[]): Expression =>
  call('array', ...values.map(literal));
