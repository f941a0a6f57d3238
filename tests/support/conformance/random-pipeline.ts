import fc from 'fast-check';
import {
  decimals,
  floats,
  instants,
  int32s,
  int64s,
  texts,
  uuids,
} from '../../../packages/millrace/src/compile/clickhouse/random-events.suite.ts';
import type { Pipeline } from '../../../packages/millrace/src/define/pipeline.ts';
import {
  type AggregationText,
  type MeasureText,
  type PipelineText,
  type PropertyText,
  type RollupText,
  type Scalar,
  type TypeText,
  typeOfField,
  type WhereText,
  type WindowText,
} from './recompute.ts';

/** A type as a definition has it, with what its values need to be made. */
export interface GivenType extends TypeText {
  readonly values?: readonly string[];
  readonly precision?: number;
  readonly element?: GivenType;
  readonly properties?: { readonly [name: string]: GivenProperty };
}
export interface GivenProperty extends PropertyText {
  readonly type?: GivenType;
  readonly values?: readonly string[];
  readonly precision?: number;
  readonly element?: GivenType;
  readonly properties?: { readonly [name: string]: GivenProperty };
}
export interface GivenPipeline extends PipelineText {
  readonly name: string;
  readonly lateness: string;
  readonly rollups: readonly RollupText[];
  readonly events: {
    readonly [type: string]: { readonly properties: { readonly [name: string]: GivenProperty } };
  };
}

const scalars: fc.Arbitrary<GivenType> = fc.oneof(
  fc
    .constantFrom('string', 'boolean', 'int32', 'int64', 'float64', 'timestamp', 'uuid')
    .map((kind): GivenType => ({ kind })),
  fc.constant<GivenType>({ kind: 'enum', values: ['a', 'é', "it's \\ `quoted`"] }),
  fc.integer({ min: 1, max: 18 }).chain((precision) =>
    fc.record({
      kind: fc.constant('decimal'),
      precision: fc.constant(precision),
      scale: fc.integer({ min: 0, max: precision }),
    }),
  ),
);

const properties = (types: fc.Arbitrary<GivenType>, prefix: string) =>
  fc
    .array(fc.record({ type: types, optional: fc.boolean() }), { minLength: 1, maxLength: 6 })
    .map((list): { readonly [name: string]: GivenProperty } =>
      Object.fromEntries(
        list.map(({ type, optional }, i) => [
          `${prefix}${i}`,
          optional ? { kind: 'optional', type } : type,
        ]),
      ),
    );

const types: fc.Arbitrary<GivenType> = fc.oneof(
  { weight: 5, arbitrary: scalars },
  { weight: 1, arbitrary: scalars.map((element): GivenType => ({ kind: 'array', element })) },
  {
    weight: 1,
    arbitrary: properties(scalars, 'inner_').map(
      (inner): GivenType => ({ kind: 'object', properties: inner }),
    ),
  },
);

/** The scalar fields that an event of these types may have, its own and those of all events. */
export const scalarPaths = (
  given: { readonly [name: string]: GivenProperty },
  prefix = '',
): readonly string[] =>
  Object.entries(given).flatMap(([name, property]) => {
    const type = property.kind === 'optional' ? property.type : property;
    if (type?.kind === 'array') return [];
    return type?.kind === 'object'
      ? scalarPaths(type.properties ?? {}, `${prefix}${name}.`)
      : [`${prefix}${name}`];
  });

const numeric: readonly string[] = ['int32', 'int64', 'float64', 'decimal'];
const ordered: readonly string[] = [...numeric, 'string', 'timestamp'];

/** Values of a scalar type in canonical form, often few, so that groups and conditions meet. */
export const valuesOf = (type: GivenType): fc.Arbitrary<Scalar> => {
  switch (type.kind) {
    case 'string':
      return texts;
    case 'enum':
      return fc.constantFrom(...(type.values ?? []));
    case 'boolean':
      return fc.boolean();
    case 'int32':
      return int32s;
    case 'int64':
      return int64s;
    case 'float64':
      return floats;
    case 'decimal':
      return decimalsOf(type.precision ?? 18, type.scale ?? 0);
    case 'timestamp':
      return instants;
    default:
      return uuids;
  }
};

/** Those of `decimals` that fit, and the limits. */
const decimalsOf = (precision: number, scale: number): fc.Arbitrary<string> => {
  const most = '9'.repeat(precision);
  const limit =
    scale === 0
      ? most
      : `${most.slice(0, precision - scale) || '0'}.${most.slice(precision - scale)}`;
  const digits = (text: string): number => text.replace(/^-?0?|\./g, '').length;
  return fc.oneof(
    { weight: 5, arbitrary: decimals(scale).filter((text) => digits(text) <= precision) },
    { weight: 1, arbitrary: fc.constantFrom(limit, `-${limit}`) },
  );
};

const rollupsOver = (
  pipeline: Omit<GivenPipeline, 'rollups'>,
): fc.Arbitrary<readonly RollupText[]> =>
  fc
    .array(
      fc
        .subarray(Object.keys(pipeline.events), { minLength: 1 })
        .chain((from) =>
          fc
            .tuple(aggregationOver({ ...pipeline, rollups: [] }, from), widths)
            .map(([aggregation, every]) => ({ ...aggregation, every })),
        ),
      { minLength: 1, maxLength: 3 },
    )
    .map((list) => list.map((rollup, i) => ({ ...rollup, name: `rollup_${i}` })));

const widths = fc.constantFrom('second', 'minute', 'hour', 'day', 'week', 'month');

type SpanText = Pick<WindowText, 'tumbling' | 'hopping' | 'session'>;

interface Spans {
  readonly tumbling: readonly string[];
  /** Size and step. */
  readonly hopping: readonly (readonly [string, string])[];
  /** Gap and longest. */
  readonly session: readonly (readonly [string, string])[];
}

const spansOf = ({ tumbling, hopping, session }: Spans): fc.Arbitrary<SpanText> =>
  fc.oneof(
    fc.constantFrom(...tumbling).map((size) => ({ tumbling: size })),
    fc.constantFrom(...hopping).map(([size, every]) => ({ hopping: { size, every } })),
    fc.constantFrom(...session).map(([gap, max]) => ({ session: { gap, max } })),
  );

/** Over within seconds, for who has to wait until they are. */
const shortSpans: Spans = {
  tumbling: ['1s', '7s'],
  hopping: [
    ['2s', '1s'],
    ['6s', '2s'],
  ],
  session: [
    ['1s', '1m'],
    ['3s', '10s'],
  ],
};
const allSpans: Spans = {
  tumbling: [...shortSpans.tumbling, '1m', '1h'],
  hopping: [...shortSpans.hopping, ['1m', '20s']],
  session: [...shortSpans.session, ['5s', '1h']],
};

const windowsOver = (
  pipeline: GivenPipeline,
  spans: Spans,
): fc.Arbitrary<readonly WindowText[]> => {
  const window = fc.subarray(Object.keys(pipeline.events), { minLength: 1 }).chain((from) =>
    fc.record({
      aggregation: aggregationOver(pipeline, from),
      span: spansOf(spans),
      eventsMin: fc.option(fc.integer({ min: 2, max: 3 }), { freq: 2, nil: undefined }),
    }),
  );
  return fc.array(window, { minLength: 1, maxLength: 3 }).map((list) =>
    list.map(({ aggregation, span, eventsMin }, i) => ({
      ...{ ...aggregation, ...span, name: `window_${i}` },
      measures: { ...aggregation.measures, events: { kind: 'count' } },
      ...(eventsMin === undefined ? {} : { having: { events: { gte: eventsMin } } }),
    })),
  );
};

function aggregationOver(
  pipeline: GivenPipeline,
  from: readonly string[],
): fc.Arbitrary<Omit<AggregationText, 'name'>> {
  const own = from.flatMap((type) => scalarPaths(pipeline.events[type]?.properties ?? {}));
  const fields = [...new Set([...own, 'user_id', 'type', 'late', 'timestamp'])];
  const kindOf = (field: string): string => typeOfField(pipeline, field).kind;
  const some = (kinds: readonly string[]): readonly string[] =>
    fields.filter((field) => kinds.includes(kindOf(field)));
  const of = (kinds: readonly string[], found: readonly string[]): fc.Arbitrary<MeasureText>[] =>
    found.length === 0
      ? []
      : [fc.record({ kind: fc.constantFrom(...kinds), field: fc.constantFrom(...found) })];
  const measures = fc.oneof(
    fc.constant<MeasureText>({ kind: 'count' }),
    ...of(['sum', 'avg'], some(numeric)),
    ...of(['min', 'max'], some(ordered)),
    ...of(['uniq'], fields),
    ...some(numeric).map((field) =>
      fc.constant<MeasureText>({ kind: 'quantiles', field, levels: [0.01, 0.5, 0.99] }),
    ),
  );
  return fc.record(
    {
      from: fc.constant(from),
      by: fc.uniqueArray(
        fc.constantFrom(...fields.filter((field) => kindOf(field) !== 'float64')),
        {
          maxLength: 2,
        },
      ),
      where: conditionsOver(pipeline, fields),
      measures: fc
        .array(measures, { minLength: 1, maxLength: 4 })
        .map((list) => Object.fromEntries(list.map((one, i) => [`measure_${i}`, one]))),
    },
    { requiredKeys: ['from', 'measures'] },
  );
}

function conditionsOver(
  pipeline: GivenPipeline,
  fields: readonly string[],
): fc.Arbitrary<WhereText> {
  const leaf = fc.constantFrom(...fields).chain((field) => {
    const type: GivenType = typeOfField(pipeline, field);
    const operands = valuesOf(type).map((value) =>
      type.kind === 'timestamp' ? new Date(Number(value)).toISOString() : value,
    );
    const comparisons = ordered.includes(type.kind)
      ? ['eq', 'ne', 'lt', 'lte', 'gt', 'gte']
      : ['eq', 'ne'];
    return fc.oneof(
      fc
        .tuple(fc.constantFrom(...comparisons), operands)
        .map(([operator, value]): WhereText => ({ [field]: { [operator]: value } })),
      fc
        .array(operands, { minLength: 1, maxLength: 3 })
        .map((values): WhereText => ({ [field]: { in: values } })),
      fc.boolean().map((present): WhereText => ({ [field]: { present } })),
    );
  });
  return fc.oneof(
    { weight: 3, arbitrary: leaf },
    {
      weight: 1,
      arbitrary: fc
        .tuple(fc.constantFrom('and', 'or'), fc.array(leaf, { minLength: 1, maxLength: 3 }))
        .map(([join, list]): WhereText => ({ [join]: list })),
    },
    { weight: 1, arbitrary: leaf.map((inner): WhereText => ({ not: inner })) },
  );
}

/** Definitions with any types of property, and rollups of any kind over them. */
export const pipelines: fc.Arbitrary<GivenPipeline> = properties(types, 'given_')
  .chain((pool) => {
    const names = Object.keys(pool);
    const event = fc.subarray(names).map((chosen) => ({
      properties: Object.fromEntries(
        Object.entries(pool).filter(([name]) => chosen.includes(name)),
      ),
    }));
    return fc.array(event, { minLength: 1, maxLength: 3 });
  })
  .map((list) => ({
    name: 'given',
    // Long enough that no test's slowness makes an event late that is not to be.
    lateness: '1h',
    events: Object.fromEntries(list.map((event, i) => [`event_${i}`, event])),
  }))
  .chain((pipeline) =>
    rollupsOver(pipeline).map((rollups): GivenPipeline => ({ ...pipeline, rollups })),
  );

export interface WindowedPipeline extends GivenPipeline {
  readonly windows: readonly WindowText[];
}

const withWindows = (spans: Spans): fc.Arbitrary<WindowedPipeline> =>
  pipelines.chain((pipeline) =>
    windowsOver(pipeline, spans).map((windows) => ({ ...pipeline, windows })),
  );

/** The same with windows of any kind. */
export const windowedPipelines = withWindows(allSpans);

/** With windows that come out while a test waits. */
export const livePipelines = withWindows(shortSpans).map(
  (pipeline): WindowedPipeline => ({ ...pipeline, lateness: '15s' }),
);

/** As a user would have written it: a definition is plain data. */
export const definitionOf = (given: GivenPipeline): Pipeline => JSON.parse(JSON.stringify(given));
