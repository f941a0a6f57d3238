import { mappingOf, type SqlType } from '../../define/property-types.ts';
import type { FieldPlan } from '../../plan/plan.ts';
import { column, type Expression } from './nodes.ts';

/** The column of the clean log's rows that holds an event's properties. */
export const propertiesColumn = 'properties';

export const fieldExpression = (field: FieldPlan): Expression =>
  field.source === 'property' ? column(propertiesColumn, ...field.path) : column(field.name);

export const fieldType = ({ type }: FieldPlan): SqlType => mappingOf(type).flink;
