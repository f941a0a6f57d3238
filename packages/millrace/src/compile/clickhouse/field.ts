import { envelope } from '../../define/envelope.ts';
import type { FieldPlan } from '../../plan/plan.ts';
import { columnOf, type Expression } from './nodes.ts';

/** The alias of `events` wherever it is read, so that no name can be taken for another. */
export const eventsAlias = 'e';

export const fieldExpression = (field: FieldPlan): Expression =>
  field.source === 'envelope'
    ? columnOf(eventsAlias, field.name)
    : columnOf(eventsAlias, 'properties', ...field.path);

/** Whether an event may lack it. A property is absent from events of other types at least. */
export const mayBeAbsent = (field: FieldPlan): boolean =>
  field.source === 'property' || !envelope[field.name].required;
