import type { PropertyType } from '../../define/property.ts';
import { mappingOf, nullable, type SqlType } from '../../define/property-types.ts';
import { partOfMeasure } from '../../plan/deltas.ts';
import type { FieldPlan, MeasurePlan } from '../../plan/plan.ts';
import { fieldExpression, mayBeAbsent } from './field.ts';
import {
  call,
  column,
  columnOf,
  type Expression,
  infix,
  lambda,
  literal,
  parametricCall,
} from './nodes.ts';

/** A column of mergeable state and how events become it. */
export interface StateColumn {
  readonly name: string;
  readonly type: SqlType;
  readonly from: Expression;
  /** What it holds once its states, in the table read as `alias`, are merged: all, or those for which `only` holds. */
  readonly merged: (alias: string, only?: Expression) => Expression;
  /** The same, to be merged again. */
  readonly remerged: (alias: string) => Expression;
  /** The same, straight from events. */
  readonly whole: Expression;
  /**
   * Where the order of adding shows in the last digits, which it does with
   * floats: how much was added in all, signs aside, straight from events.
   */
  readonly size: Expression | null;
  /** The column of a delta or a window's result that it is made of, and how. */
  readonly delta: DeltaColumn;
}

export interface DeltaColumn {
  readonly name: string;
  readonly type: SqlType;
  readonly made: Expression;
  /** What the state that is made of it holds, with no other to merge. */
  readonly alone: Expression;
}

export interface CompiledMeasure {
  /** Of the finished number. */
  readonly type: SqlType;
  readonly states: readonly StateColumn[];
  /** The finished number, of what `hold` says that each of the states holds. */
  readonly finish: (hold: (state: StateColumn) => Expression) => Expression;
}

/** The alias of deltas and of windows' results wherever they are read. */
export const deltasAlias = 'd';

/** The finished number, over the merged states of the table read as `alias`. */
export const finishStates = (measure: MeasurePlan, alias: string): Expression =>
  compileMeasure(measure).finish(({ merged }) => merged(alias));

/** The finished number of one result, read as `deltasAlias`, that Flink computed. */
export const finishResult = (measure: MeasurePlan): Expression =>
  compileMeasure(measure).finish(({ delta }) => delta.alone);

/** The finished number of events, with no state in between. */
export const finishEvents = (measure: MeasurePlan): Expression =>
  compileMeasure(measure).finish(({ whole }) => whole);

/** Of ClickHouse's sketches the one whose state does not depend on order or cutting; 1 % exact. */
const quantileAccuracy = 0.01;

export const compileMeasure = (measure: MeasurePlan): CompiledMeasure => {
  const { name } = measure;
  switch (measure.kind) {
    case 'count': {
      const events = plainState(name, 'sum', { name: 'UInt64' }, call('count'));
      return { type: { name: 'UInt64' }, states: [events], finish: (hold) => hold(events) };
    }
    case 'sum': {
      const total = sumState(name, measure.field);
      return { type: sumType(measure.field.type), states: [total], finish: (hold) => hold(total) };
    }
    case 'min':
    case 'max':
      return extreme(name, measure.kind, measure.field);
    case 'avg': {
      const total = sumState(partOfMeasure(name, 'sum'), measure.field);
      const values = plainState(
        partOfMeasure(name, 'count'),
        'sum',
        { name: 'UInt64' },
        call('count', fieldExpression(measure.field)),
      );
      return {
        type: nullable({ name: 'Float64' }),
        states: [total, values],
        finish: (hold) =>
          infix('/', call('toFloat64', hold(total)), call('nullIf', hold(values), literal(0))),
      };
    }
    case 'uniq': {
      const people = sketchState(name, measure.field, {
        sketch: { name: 'uniqCombined64', parameters: [] },
        of: plainType(measure.field.type),
      });
      return { type: { name: 'UInt64' }, states: [people], finish: (hold) => hold(people) };
    }
    case 'quantiles': {
      const { type } = measure.field;
      const values = sketchState(name, measure.field, {
        sketch: { name: 'quantilesDD', parameters: [quantileAccuracy, ...measure.levels] },
        of: { name: 'Float64' },
        convert: (value) => sketched(type, value),
      });
      return {
        type: { name: 'Array', parameters: [nullable({ name: 'Float64' })] },
        states: [values],
        finish: (hold) =>
          call(
            'arrayMap',
            lambda(
              ['q'],
              call(
                'if',
                call('isNaN', column('q')),
                literal(null),
                infix('/', column('q'), literal(sketchScale(type))),
              ),
            ),
            hold(values),
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
  const compared = isTime ? call('toUnixTimestamp64Milli', value) : value;
  const type = nullable(isTime ? { name: 'Int64' } : plainType(field.type));
  const state = plainState(name, kind, type, call(kind, compared));
  const found: StateColumn = {
    ...state,
    // Of no events at all, a field that all events have would be 0.
    whole: call(`${kind}OrNull`, compared),
    merged: (alias, only) =>
      only ? call(`${kind}OrNullIf`, columnOf(alias, name), only) : state.merged(alias),
  };
  return {
    type: nullable(plainType(field.type)),
    states: [found],
    finish: (hold) =>
      isTime ? call('fromUnixTimestamp64Milli', hold(found), literal('UTC')) : hold(found),
  };
};

/** A state that is itself the number, of the events so far. */
const plainState = (
  name: string,
  merge: 'sum' | 'min' | 'max',
  type: SqlType,
  from: Expression,
): StateColumn => ({
  name,
  type: { name: 'SimpleAggregateFunction', parameters: [{ name: merge }, type] },
  from,
  merged: (alias, only) =>
    only ? call(`${merge}If`, columnOf(alias, name), only) : call(merge, columnOf(alias, name)),
  remerged: (alias) => call(merge, columnOf(alias, name)),
  whole: from,
  size: null,
  delta: { name, type, made: columnOf(deltasAlias, name), alone: columnOf(deltasAlias, name) },
});

/** Wide enough that no sum of stored values overflows; 0 when there is nothing to add. */
const sumState = (name: string, field: FieldPlan): StateColumn => {
  const value = fieldExpression(field);
  const wide = field.type.kind === 'int64' ? call('toInt128', value) : value;
  const total = (values: Expression) => call('ifNull', call('sum', values), literal(0));
  return {
    ...plainState(name, 'sum', sumType(field.type), total(wide)),
    size: field.type.kind === 'float64' ? total(call('abs', value)) : null,
  };
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

interface Sketching {
  readonly sketch: { readonly name: string; readonly parameters: readonly number[] };
  /** What it is of, and how a value becomes that; it is left as it is if left out. */
  readonly of: SqlType;
  readonly convert?: (value: Expression) => Expression;
}

/** A sketch of the values that are there. */
const sketchState = (
  name: string,
  field: FieldPlan,
  { sketch, of, convert = asItIs }: Sketching,
): StateColumn => {
  const value = fieldExpression(field);
  const mayLack = mayBeAbsent(field);
  const values = mayLack
    ? [convert(call('assumeNotNull', value)), call('isNotNull', value)]
    : [convert(value)];
  const made = (ending: string, ...args: readonly Expression[]): Expression =>
    sketch.parameters.length > 0
      ? parametricCall(`${sketch.name}${ending}`, sketch.parameters, ...args)
      : call(`${sketch.name}${ending}`, ...args);
  return {
    name,
    type: {
      name: 'AggregateFunction',
      parameters: [sketch.parameters.length > 0 ? sketch : { name: sketch.name }, of],
    },
    from: made(mayLack ? 'StateIf' : 'State', ...values),
    merged: (alias, only) =>
      only ? made('MergeIf', columnOf(alias, name), only) : made('Merge', columnOf(alias, name)),
    remerged: (alias) => made('MergeState', columnOf(alias, name)),
    whole: made(mayLack ? 'If' : '', ...values),
    size: null,
    delta: valuesColumn(name, field, { sketch, convert }),
  };
};

const asItIs = (value: Expression): Expression => value;

/** The values themselves, of which the same sketch is made. */
const valuesColumn = (
  name: string,
  { type }: FieldPlan,
  { sketch, convert = asItIs }: Omit<Sketching, 'of'>,
): DeltaColumn => {
  const values = partOfMeasure(name, 'values');
  const given = columnOf(deltasAlias, values);
  const list =
    convert === asItIs ? given : call('arrayMap', lambda(['v'], convert(column('v'))), given);
  const parameters = sketch.parameters.length > 0 ? `(${sketch.parameters.join(', ')})` : '';
  const reduced = (ending: string): Expression =>
    call('arrayReduce', literal(`${sketch.name}${ending}${parameters}`), list);
  return {
    name: values,
    type: { name: 'Array', parameters: [plainType(type)] },
    made: reduced('State'),
    alone: reduced(''),
  };
};

/** States hold plain strings: a dictionary of its own in each would only cost. */
const plainType = (type: PropertyType): SqlType =>
  type.kind === 'enum' ? { name: 'String' } : mappingOf(type).clickhouse;
