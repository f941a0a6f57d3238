import type { Span, WindowPlan } from '../../plan/plan.ts';
import { eventsAlias, fieldExpression } from './field.ts';
import { compileMeasure } from './measure.ts';
import { call, type Expression, infix, type Select } from './nodes.ts';
import {
  epochMs,
  eventsOf,
  happenedMs,
  type WindowRange,
  type WindowSource,
} from './window-range.ts';

type FixedSpan = Span & { readonly kind: 'fixed' };

/** Mergeable states of tumbling and hopping windows, one row for each window and its dimensions. */
export const fixedWindowStates = (
  window: WindowPlan,
  span: FixedSpan,
  range: WindowRange,
  source: WindowSource,
): Select => {
  const end = call('arrayJoin', endsInRange(span, range));
  return {
    columns: [
      { expression: end, as: 'window_end' },
      { expression: infix('-', end, epochMs(span.sizeMs)), as: 'window_start' },
      ...window.by.map(({ name, field }) => ({ expression: fieldExpression(field), as: name })),
      ...window.measures.flatMap((measure) =>
        compileMeasure(measure).states.map(({ name, from }) => ({ expression: from, as: name })),
      ),
    ],
    from: source.table,
    alias: eventsAlias,
    where: eventsOf(window, range.fromMs - span.sizeMs, range.toMs, source),
    groupBy: 'all',
  };
};

/** The ends (epoch ms) of those windows around an event that end in the range, whose own ends are such. */
const endsInRange = ({ sizeMs, everyMs }: FixedSpan, { fromMs, toMs }: WindowRange): Expression => {
  const newestStart = infix('-', happenedMs, call('positiveModulo', happenedMs, epochMs(everyMs)));
  return call(
    'range',
    call('greatest', infix('+', newestStart, epochMs(everyMs)), epochMs(fromMs + everyMs)),
    call('least', infix('+', newestStart, epochMs(sizeMs + 1)), epochMs(toMs + 1)),
    epochMs(everyMs),
  );
};
