import type { PropertyType } from '../../define/property.ts';
import { mappingOf, nullable, type SqlType } from '../../define/property-types.ts';
import type { FieldPlan, MeasurePlan } from '../../plan/plan.ts';
import { fieldExpression, mayBeAbsent } from './field.ts';
import {
  call,
  column,
  columnOf,
  type Expression,
  infix,
  literal,
  parametricCall,
} from './nodes.ts';

/** A column of mergeable state and how events become it. */
export interface StateColumn {
  readonly name: string;
  readonly type: SqlType;
  readonly from: Expression;
}

export interface CompiledMeasure {
  /** Of the finished number. */
  readonly type: SqlType;
  readonly states: readonly StateColumn[];
  /** The finished number, over the merged states of the table read as `alias`. */
  readonly finish: (alias: string) => Expression;
}

/** Of ClickHouse's sketches the one whose state does not depend on order or cutting; 1 % exact. */
const quantileAccuracy = 0.01;

export const compileMeasure = (measure: MeasurePlan): CompiledMeasure => {
  const { name } = measure;
  switch (measure.kind) {
    case 'count':
      return {
        type: { name: 'UInt64' },
        states: [{ name, type: simple('sum', { name: 'UInt64' }), from: call('count') }],
        finish: merged('sum', name),
      };
    case 'sum':
      return {
        type: sumType(measure.field.type),
        states: [sumState(name, measure.field)],
        finish: merged('sum', name),
      };
    case 'min':
    case 'max':
      return extreme(name, measure.kind, measure.field);
    case 'avg': {
      const total = sumState(`${name}__sum`, measure.field);
      const values: StateColumn = {
        name: `${name}__count`,
        type: simple('sum', { name: 'UInt64' }),
        from: call('count', fieldExpression(measure.field)),
      };
      return {
        type: nullable({ name: 'Float64' }),
        states: [total, values],
        finish: (alias) => {
          const divisor = merged('sum', values.name)(alias);
          return infix(
            '/',
            call('toFloat64', merged('sum', total.name)(alias)),
            call('nullIf', divisor, literal(0)),
          );
        },
      };
    }
    case 'uniq':
      return {
        type: { name: 'UInt64' },
        states: [
          {
            name,
            type: aggregate({ name: 'uniqCombined64' }, plainType(measure.field.type)),
            from: stateOf('uniqCombined64', [], measure.field, (value) => value),
          },
        ],
        finish: merged('uniqCombined64Merge', name),
      };
    case 'quantiles': {
      const parameters = [quantileAccuracy, ...measure.levels];
      return {
        type: { name: 'Array', parameters: [nullable({ name: 'Float64' })] },
        states: [
          {
            name,
            type: aggregate({ name: 'quantilesDD', parameters }, { name: 'Float64' }),
            from: stateOf('quantilesDD', parameters, measure.field, (value) =>
              sketched(measure.field.type, value),
            ),
          },
        ],
        finish: (alias) =>
          call(
            'arrayMap',
            {
              node: 'lambda',
              parameter: 'q',
              body: call(
                'if',
                call('isNaN', column('q')),
                literal(null),
                infix('/', column('q'), literal(sketchScale(measure.field.type))),
              ),
            },
            parametricCall('quantilesDDMerge', parameters, columnOf(alias, name)),
          ),
      };
    }
  }
};

/**
 * Times are compared as milliseconds: once the engine has compiled a query that
 * it sees often, its `min` and `max` of DateTime64 take times before 1970 for
 * the greatest there are.
 */
const extreme = (name: string, kind: 'min' | 'max', field: FieldPlan): CompiledMeasure => {
  const value = fieldExpression(field);
  const isTime = field.type.kind === 'timestamp';
  const type = isTime ? { name: 'Int64' } : plainType(field.type);
  const finish = merged(kind, name);
  return {
    type: nullable(plainType(field.type)),
    states: [
      {
        name,
        type: simple(kind, nullable(type)),
        from: call(kind, isTime ? call('toUnixTimestamp64Milli', value) : value),
      },
    ],
    finish: isTime
      ? (alias) => call('fromUnixTimestamp64Milli', finish(alias), literal('UTC'))
      : finish,
  };
};

const merged =
  (aggregateFunction: string, name: string) =>
  (alias: string): Expression =>
    call(aggregateFunction, columnOf(alias, name));

/** Wide enough that no sum of stored values overflows; 0 when there is nothing to add. */
const sumState = (name: string, field: FieldPlan): StateColumn => {
  const type = sumType(field.type);
  const value = fieldExpression(field);
  const wide = field.type.kind === 'int64' ? call('toInt128', value) : value;
  return { name, type: simple('sum', type), from: call('ifNull', call('sum', wide), literal(0)) };
};

const sumType = (type: PropertyType): SqlType => {
  switch (type.kind) {
    case 'int32':
      return { name: 'Int64' };
    case 'int64':
      return { name: 'Int128' };
    case 'decimal':
      return { name: 'Decimal', parameters: [38, type.scale] };
    default:
      return { name: 'Float64' };
  }
};

/**
 * The engine's DDSketch is exact to 1 % above 1 and to 3 % below, so values are
 * scaled up: a decimal to its smallest unit, a float as far as 1e300 allows.
 */
const sketchScale = (type: PropertyType): number =>
  type.kind === 'decimal' ? 10 ** type.scale : type.kind === 'float64' ? 1e8 : 1;

/**
 * It also throws, in an insert, a merge or a question, when its values span more
 * than 568 powers of ten. So floats nearer to 0 than 1e-30 count as 0.
 */
const sketched = (type: PropertyType, value: Expression): Expression => {
  const float = call('toFloat64', value);
  const scale = sketchScale(type);
  const scaled = scale === 1 ? float : infix('*', float, literal(scale));
  return type.kind === 'float64'
    ? call('if', infix('<', call('abs', value), literal(1e-30)), literal(0), scaled)
    : scaled;
};

/** A sketch of the values that are there. */
const stateOf = (
  name: string,
  parameters: readonly number[],
  field: FieldPlan,
  convert: (value: Expression) => Expression,
): Expression => {
  const value = fieldExpression(field);
  const make = (suffix: string, ...args: Expression[]): Expression =>
    parameters.length > 0
      ? parametricCall(`${name}${suffix}`, parameters, ...args)
      : call(`${name}${suffix}`, ...args);
  return mayBeAbsent(field)
    ? make('StateIf', convert(call('assumeNotNull', value)), call('isNotNull', value))
    : make('State', convert(value));
};

const simple = (aggregateFunction: string, type: SqlType): SqlType => ({
  name: 'SimpleAggregateFunction',
  parameters: [{ name: aggregateFunction }, type],
});

const aggregate = (aggregateFunction: SqlType, type: SqlType): SqlType => ({
  name: 'AggregateFunction',
  parameters: [aggregateFunction, type],
});

/** States hold plain strings: a dictionary of its own in each would only cost. */
const plainType = (type: PropertyType): SqlType =>
  type.kind === 'enum' ? { name: 'String' } : mappingOf(type).clickhouse;
