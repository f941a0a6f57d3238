import type { FieldPlan, MeasurePlan, Span, WindowPlan } from '../../plan/plan.ts';
import { carried, carry, eventsAlias, fieldExpression, resultsAlias } from './field.ts';
import { compileMeasure } from './measure.ts';
import { call, type Expression, infix, type Select } from './nodes.ts';
import {
  epochMs,
  eventsOf,
  happenedMs,
  type WindowRange,
  type WindowSource,
} from './window-range.ts';

type SessionSpan = Span & { readonly kind: 'session' };

// Two underscores are nobody else's.
const happened = 'session__happened';
const period = 'session__period';
const begins = 'session__begins';
const number = 'session__number';
const valueName = (index: number): string => `session__value_${index}`;

/**
 * Mergeable states of sessions, one row for each. Those that end in the range
 * lie behind the last multiple of `maxMs` before it: sessions are cut there.
 */
export const sessionStates = (
  window: WindowPlan,
  span: SessionSpan,
  range: WindowRange,
  source: WindowSource,
): Select => {
  const firstMs = Math.floor(range.fromMs / span.maxMs) * span.maxMs;
  const lastEnd = infix('+', call('max', carried(happened)), epochMs(span.gapMs));
  return {
    columns: [
      ...[period, number, ...window.by.map(({ name }) => name)].map(carry),
      { expression: call('min', carried(happened)), as: 'window_start' },
      {
        expression: call('least', lastEnd, infix('+', carried(period), epochMs(span.maxMs))),
        as: 'window_end',
      },
      ...window.measures
        .map(overCarried)
        .flatMap((measure) =>
          compileMeasure(measure).states.map(({ name, from }) => ({ expression: from, as: name })),
        ),
    ],
    from: numbered(window, markedEvents(window, span, firstMs, range.toMs, source)),
    alias: resultsAlias,
    where: null,
    groupBy: 'all',
  };
};

/** Each event with what is measured of it, and whether a session begins with it. */
const markedEvents = (
  window: WindowPlan,
  span: SessionSpan,
  fromMs: number,
  toMs: number,
  source: WindowSource,
): Select => {
  const dimensions = window.by.map(({ name, field }) => ({
    expression: fieldExpression(field),
    as: name,
  }));
  const periodStart = infix(
    '-',
    happenedMs,
    call('positiveModulo', happenedMs, epochMs(span.maxMs)),
  );
  // Before the first of a period there is none, and 0.
  const before: Expression = {
    node: 'over',
    function: call('lagInFrame', happenedMs),
    partitionBy: [...dimensions.map(({ expression }) => expression), periodStart],
    orderBy: [{ expression: happenedMs, descending: false }],
  };
  return {
    columns: [
      { expression: happenedMs, as: happened },
      { expression: periodStart, as: period },
      { expression: infix('>=', infix('-', happenedMs, before), epochMs(span.gapMs)), as: begins },
      ...dimensions,
      ...window.measures.flatMap((measure, index) =>
        measure.kind === 'count'
          ? []
          : [{ expression: fieldExpression(measure.field), as: valueName(index) }],
      ),
    ],
    from: source.table,
    alias: eventsAlias,
    where: eventsOf(window, fromMs, toMs, source),
    groupBy: null,
  };
};

/** Each event with the number of its session among those of its key and period. */
const numbered = (window: WindowPlan, events: Select): Select => ({
  columns: [
    ...events.columns.filter(({ as }) => as !== begins).map(({ as }) => carry(as)),
    {
      expression: {
        node: 'over',
        function: call('sum', carried(begins)),
        partitionBy: [...window.by.map(({ name }) => carried(name)), carried(period)],
        orderBy: [{ expression: carried(happened), descending: false }],
      },
      as: number,
    },
  ],
  from: events,
  alias: resultsAlias,
  where: null,
  groupBy: null,
});

/** The same measure over the value that was carried along. */
const overCarried = (measure: MeasurePlan, index: number): MeasurePlan => {
  if (measure.kind === 'count') return measure;
  const field: FieldPlan = {
    source: 'computed',
    name: valueName(index),
    type: measure.field.type,
  };
  return { ...measure, field };
};
