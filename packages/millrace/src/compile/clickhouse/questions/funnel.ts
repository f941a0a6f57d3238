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
const journey = 'funnel__journey';
const people = 'funnel__people';
const durations = 'funnel__durations';

/** A row for each step of each group, and one more than `rowsMax` if there are more. */
export const funnelSelect = (question: FunnelQuestion, database: string): Select => {
  const { steps, by, rowsMax } = question;
  const step = carried('step');
  const reached = (at: Expression): Expression => call('arrayElement', carried(people), at);
  const share = (of: Expression): Expression =>
    infix('/', reached(step), call('nullIf', of, literal(0)));
  const first = reached(literal(1));
  const before = reached(call('greatest', infix('-', step, literal(1)), literal(1)));
  const order = [first, ...by.map(({ name }) => carried(name)), step];
  return {
    columns: [
      ...by.map(({ name }) => carry(name)),
      carry('step'),
      {
        expression: call('arrayElement', listOf(steps.map(stepName)), step),
        as: 'event',
      },
      { expression: reached(step), as: 'people' },
      { expression: share(first), as: 'conversion' },
      { expression: share(before), as: 'step_conversion' },
      {
        expression: numbersOrNull(call('arrayElement', carried(durations), step)),
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
    from: withFirstValues(question, journeys(question, database)),
    alias: resultsAlias,
    where: call('notEmpty', carried(journey)),
    groupBy: 'all',
  };
};

/** Each journey with what is asked of its first event. */
const withFirstValues = ({ by }: FunnelQuestion, from: Select): Select => {
  const start = call('arrayElement', carried(journey), literal(1));
  const begins = infix(
    'AND',
    infix('=', itemStep(column('i')), literal(1)),
    infix('=', itemMs(column('i')), start),
  );
  const firstItem = call('arrayFirst', lambda(['i'], begins), carried(items));
  return {
    columns: [
      carry(journey),
      ...by.map(({ name }, index) => ({
        expression: call('tupleElement', firstItem, literal(valueAt + index)),
        as: name,
      })),
    ],
    from,
    alias: resultsAlias,
    where: null,
    groupBy: null,
  };
};

/** Of each person the times of the steps of the journey that counts. */
const journeys = (question: FunnelQuestion, database: string): Select => ({
  columns: [
    carry(person),
    carry(items),
    {
      expression: call('tupleElement', farthest(question), literal(2)),
      as: journey,
    },
  ],
  from: itemsOfPeople(question, database),
  alias: resultsAlias,
  where: null,
  groupBy: null,
});

/**
 * Goes through a person's items from the last to the first, with the soonest way on from
 * each step: what follows the first event of that step which is not passed yet. So each
 * event is looked at once, however many journeys begin.
 */
const farthest = ({ steps, withinMs }: FunnelQuestion): Expression => {
  const times = { name: 'Array', parameters: [{ name: 'Int64' }] };
  const [state, item] = [column('s'), column('i')];
  const ways = call('tupleElement', state, literal(1));
  const best = call('tupleElement', state, literal(2));
  const [step, ms] = [itemStep(item), itemMs(item)];
  const way = call('arrayPushFront', call('arrayElement', ways, infix('+', step, literal(1))), ms);
  // A way is in the order of time, so what is left is its beginning.
  const inTime = call(
    'arrayFilter',
    lambda(['t'], infix('<=', infix('-', column('t'), ms), epochMs(withinMs))),
    way,
  );
  const isBetter = infix(
    'AND',
    infix('=', step, literal(1)),
    infix('>=', call('length', inTime), call('length', best)),
  );
  const numbers = Array.from({ length: steps.length + 1 }, (_, at) => at + 1);
  const nextState = tuple(
    call(
      'arrayMap',
      lambda(['w', 'n'], call('if', infix('=', column('n'), step), way, column('w'))),
      ways,
      listOf(numbers),
    ),
    call('if', isBetter, inTime, best),
  );
  const nothing: Expression = { node: 'cast', expression: call('array'), type: times };
  return call(
    'arrayFold',
    lambda(['s', 'i'], nextState),
    call('arrayReverse', carried(items)),
    tuple(call('array', ...numbers.map(() => nothing)), nothing),
  );
};

// An item is an event as one step: when, its order among those of the same instant, which step, its values.
const valueAt = 4;
const itemMs = (item: Expression): Expression => call('tupleElement', item, literal(1));
const itemStep = (item: Expression): Expression => call('tupleElement', item, literal(3));

const itemsOfPeople = (question: FunnelQuestion, database: string): Select => {
  const { steps, by } = question;
  const step = carried('step');
  return {
    columns: [
      carry(person),
      {
        expression: call(
          'arraySort',
          call(
            'groupArray',
            tuple(
              carried('ms'),
              call('arrayElement', listOf(ranksOf(steps)), step),
              step,
              ...by.map(({ name }) => carried(valueColumn(name))),
            ),
          ),
        ),
        as: items,
      },
    ],
    from: eventsAsSteps(question, database),
    alias: resultsAlias,
    where: null,
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

/** An event as many times as there are steps that it can be. */
const eventsAsSteps = (
  { steps, per, by, sinceMs, untilMs, withinMs }: FunnelQuestion,
  database: string,
): Select => {
  const someone = columnOf(eventsAlias, per);
  const beforeEnd = inRange({ sinceMs: null, untilMs }, timestamp);
  const fits = steps.map(({ from, where }, at) =>
    infix('AND', ...isOneOf(from, where), ...(at === 0 ? beforeEnd : [])),
  );
  const numbers = fits.map((fit, at) => call('if', fit, literal(at + 1), literal(0)));
  return {
    columns: [
      { expression: someone, as: person },
      { expression: happenedMs, as: 'ms' },
      {
        expression: call(
          'arrayJoin',
          call(
            'arrayFilter',
            lambda(['n'], infix('>', column('n'), literal(0))),
            call('array', ...numbers),
          ),
        ),
        as: 'step',
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
