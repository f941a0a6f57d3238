import type { SqlType } from '../../define/property-types.ts';
import { partOfMeasure } from '../../plan/deltas.ts';
import type { FieldPlan, MeasurePlan } from '../../plan/plan.ts';
import { fieldType } from './field.ts';
import { call, cast, type Expression, literal } from './nodes.ts';
import { inOrder, outOfOrder } from './order.ts';

/** A column of a delta or of a window's result, and how the rows of a group become it. */
export interface DeltaColumn {
  readonly name: string;
  readonly type: SqlType;
  readonly from: Expression;
}

const bigint: SqlType = { name: 'BIGINT' };

/**
 * The columns of a delta or a result that a measure needs, named as the store's states.
 *
 * @param value what the rows of the group have of the measure's field.
 */
export const deltaColumns = (measure: MeasurePlan, value: Expression): readonly DeltaColumn[] => {
  const { name } = measure;
  switch (measure.kind) {
    case 'count':
      return [{ name, type: bigint, from: { node: 'count rows' } }];
    case 'sum':
      return [total(name, measure.field, value)];
    case 'min':
    case 'max':
      return [
        {
          name,
          type: fieldType(measure.field),
          from: outOfOrder(
            measure.field,
            call(measure.kind === 'min' ? 'MIN' : 'MAX', inOrder(measure.field, value)),
          ),
        },
      ];
    case 'avg':
      return [
        total(partOfMeasure(name, 'sum'), measure.field, value),
        { name: partOfMeasure(name, 'count'), type: bigint, from: call('COUNT', value) },
      ];
    case 'uniq':
    case 'quantiles':
      // The store makes its sketch of them.
      return [
        {
          name: partOfMeasure(name, 'values'),
          type: { name: 'ARRAY', parameters: [fieldType(measure.field)] },
          from: { node: 'values', of: value, distinct: measure.kind === 'uniq' },
        },
      ];
  }
};

/** Wide enough that no sum of values overflows; 0 when there is nothing to add. */
const total = (name: string, field: FieldPlan, value: Expression): DeltaColumn => {
  const type = sumType(field);
  return {
    name,
    type,
    from: call(
      'COALESCE',
      call('SUM', field.type.kind === 'decimal' ? value : cast(value, type)),
      cast(literal(0), type),
    ),
  };
};

const sumType = ({ type }: FieldPlan): SqlType => {
  switch (type.kind) {
    case 'int32':
      return bigint;
    case 'int64':
      return { name: 'DECIMAL', parameters: [38, 0] };
    case 'decimal':
      return { name: 'DECIMAL', parameters: [38, type.scale] };
    default:
      return { name: 'DOUBLE' };
  }
};
