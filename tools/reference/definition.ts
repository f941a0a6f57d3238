import { readFileSync } from 'node:fs';
import { durationMaxMs } from '../../packages/millrace/src/define/duration.ts';
import { envelope } from '../../packages/millrace/src/define/envelope.ts';
import type { Measure } from '../../packages/millrace/src/define/measure.ts';
import type { PropertyType } from '../../packages/millrace/src/define/property.ts';
import {
  array,
  boolean,
  decimal,
  float64,
  int32,
  int64,
  object,
  oneOf,
  string,
  timestamp,
  uuid,
} from '../../packages/millrace/src/define/property.ts';
import { mappingOf, type SqlType } from '../../packages/millrace/src/define/property-types.ts';
import { builtInTypes } from '../../packages/millrace/src/plan/built-in-events.ts';
import { type Bounds, bounds } from '../../packages/millrace/src/plan/contradiction.ts';
import { dayMs } from '../../packages/millrace/src/plan/read-duration.ts';
import { widths } from '../../packages/millrace/src/plan/widths.ts';
import { propertySchema } from '../../packages/millrace/src/server/openapi/property-schema.ts';
import { markdownTable } from '../markdown.ts';
import { type Documented, membersOf, textOf } from './docstrings.ts';
import { schemaText } from './json-schema.ts';
import type { Schema } from './openapi-document.ts';

const types: {
  readonly [kind in PropertyType['kind']]: readonly [written: string, type: PropertyType];
} = {
  string: ['string()', string()],
  enum: ["oneOf('red', 'green')", oneOf('red', 'green')],
  boolean: ['boolean()', boolean()],
  int32: ['int32()', int32()],
  int64: ['int64()', int64()],
  float64: ['float64()', float64()],
  decimal: ['decimal(18, 2)', decimal(18, 2)],
  timestamp: ['timestamp()', timestamp()],
  uuid: ['uuid()', uuid()],
  array: ['array(int32())', array(int32())],
  object: ['object({ city: string() })', object({ city: string() })],
};

const measures = {
  count: 'count()',
  sum: "sum('value')",
  min: "min('value')",
  max: "max('value')",
  avg: "avg('value')",
  uniq: "uniq('user_id')",
  quantiles: "quantiles('value', [0.5, 0.95])",
} satisfies { readonly [kind in Measure['kind']]: string };

const bounded: { readonly [name in keyof Bounds]: string } = {
  eventsMax: 'types of event',
  propertiesMax: 'properties of one event',
  pathsMax: 'properties of all events together, those inside objects counted',
  rollupsMax: 'rollups',
  windowsMax: 'windows',
  alertsMax: 'alerts',
  windowsPerEventMax: 'hopping windows that one event lies in',
  measuresMax: 'measures of a rollup, a window or a question',
  dimensionsMax: 'dimensions of one, levels of `quantiles`',
  namesMax: 'values of an enum or an `in`, aliases, renames',
  depthMax: 'objects and arrays within each other, conditions within each other',
};

const isBound = (name: string): name is keyof Bounds => Object.hasOwn(bounds, name);
const boundNames = Object.keys(bounds).filter(isBound);

/** `docs/reference/definition.md`: what a pipeline is made of, from the definitions themselves. */
export const definitionPage = (): string => `# The definition

${textOf('pipeline.ts', 'definePipeline').text}

\`\`\`ts
${readFileSync(new URL('example.config.ts', import.meta.url), 'utf8').trim()}
\`\`\`

## definePipeline

${members(membersOf('pipeline.ts', 'Pipeline'))}

\`partitioning\` is how \`events\` is cut into parts:

${members(membersOf('pipeline.ts', 'PartitioningDefinition'))}

## event

${described('event.ts', 'event')}

${members(membersOf('event.ts', 'EventOptions'))}

Every pipeline takes the types ${listOf(builtInTypes)} as well, for the calls of the Segment API. They
declare no properties.

### Properties

${markdownTable(
  ['type', 'what is sent, as JSON', 'in ClickHouse'],
  Object.values(types).map(([text, type]) => [
    `\`${text}\``,
    sent(type),
    `\`${sqlText(mappingOf(type).clickhouse)}\``,
  ]),
)}

\`optional(…)\` around a type lets events leave it out; null and absent are the same. One name has one
type across a pipeline.

### What every event has

${markdownTable(
  ['field', 'type', 'always there'],
  Object.entries(envelope).map(([name, { type, required }]) => [
    `\`${name}\``,
    type.kind,
    required ? 'yes' : 'no',
  ]),
)}

Rollups, windows and questions name them as they name properties.

## rollup

${described('rollup.ts', 'rollup')}

${members(membersOf('rollup.ts', 'RollupOptions'))}

\`every\` is one of ${listOf(widths)}.

### Measures

${markdownTable(
  ['measure', 'meaning'],
  Object.entries(measures).map(([kind, written]) => [
    `\`${written}\``,
    textOf('measure.ts', kind).text,
  ]),
)}

### Conditions

${described('where.ts', 'Where')}

Operators are \`eq\`, \`ne\`, \`in\` and \`present\`; of numbers, times and strings also \`lt\`, \`lte\`, \`gt\`
and \`gte\`. ${textOf('where.ts', 'Predicate').text}

## window

${described('window.ts', 'window')}

${members(membersOf('window.ts', 'WindowOptions'))}

${textOf('window.ts', 'Span').text} A window has one of these:

| | |
| --- | --- |
| \`tumbling: '1m'\` | Windows of this length, one after another. |
| \`hopping: { size: '1h', every: '5m' }\` | Windows of the length \`size\`, one beginning each \`every\`, which must divide it. |
| \`session: { gap: '30m', max: '24h' }\` | From an event to the last one that follows without a pause of \`gap\`, and the gap. |

## alert

${described('alert.ts', 'alert')}

${members(membersOf('alert.ts', 'AlertOptions'))}

## Durations

${textOf('duration.ts', 'Duration').text} None is longer than ${durationMaxMs / dayMs} days.

## Bounds

${markdownTable(
  ['what there may be', 'at most'],
  boundNames.map((name) => [bounded[name], bounds[name].toLocaleString('en')]),
)}
`;

function described(file: string, name: string): string {
  const { text, example } = textOf(file, name);
  return example === '' ? text : `${text}\n\n\`\`\`ts\n${example}\n\`\`\``;
}

const members = (documented: readonly Documented[]): string =>
  markdownTable(
    ['option', '', 'meaning'],
    documented.map(({ name, optional, text }) => [`\`${name}\``, optional ? '' : 'needed', text]),
  );

const listOf = (names: readonly string[]): string => {
  const quoted = names.map((name) => `\`${name}\``);
  return `${quoted.slice(0, -1).join(', ')} and ${quoted.at(-1)}`;
};

function sent(type: PropertyType): string {
  const schema: Schema = JSON.parse(JSON.stringify(propertySchema(type)));
  return [schemaText(schema), schema.description ?? ''].filter((text) => text !== '').join('. ');
}

function sqlText({ name, parameters = [], fields = [] }: SqlType): string {
  const inside = [
    ...parameters.map((one) => (typeof one === 'object' ? sqlText(one) : String(one))),
    ...fields.map((field) => `${field.name} ${sqlText(field.type)}`),
  ];
  return inside.length === 0 ? name : `${name}(${inside.join(', ')})`;
}
