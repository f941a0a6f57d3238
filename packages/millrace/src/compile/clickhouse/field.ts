import { envelope } from '../../define/envelope.ts';
import type { FieldPlan } from '../../plan/plan.ts';
import { columnOf, type Expression, type Selected } from './nodes.ts';

/** The alias of `events` wherever it is read, so that no name can be taken for another. */
export const eventsAlias = 'e';

/** The alias of what was computed from events, wherever it is read again. */
export const resultsAlias = 'w';

/** A column of what was computed from events. */
export const carried = (name: string): Expression => columnOf(resultsAlias, name);

/** The same, under its name. */
export const carry = (name: string): Selected => ({ expression: carried(name), as: name });

export const fieldExpression = (field: FieldPlan): Expression =>
  field.source === 'property'
    ? columnOf(eventsAlias, 'properties', ...field.path)
    : columnOf(field.source === 'envelope' ? eventsAlias : resultsAlias, field.name);

/**
 * Whether it may be null. A property is absent from events of other types at
 * least, and some measures are null where there is nothing to measure.
 */
export const mayBeAbsent = (field: FieldPlan): boolean =>
  field.source !== 'envelope' || !envelope[field.name].required;
