import { ofEveryRoute } from '../../packages/millrace/src/server/openapi/failures.ts';
import { markdownTable } from '../markdown.ts';
import type { ExampleServer } from './example-server.ts';
import { schemaTable, schemaText } from './json-schema.ts';
import type { Answer, Document, Operation, Parameter, Schema } from './openapi-document.ts';

/** Tags in the order of what a newcomer needs. */
const tags = ['events', 'questions', 'windows', 'dead letters', 'imports', 'operation'];

/** `docs/reference/http.md`: from `/openapi.json` of a running pipeline. */
export async function httpPage(server: ExampleServer): Promise<string> {
  const document: Document = JSON.parse(await server.get('/openapi.json'));
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      title: `${method.toUpperCase()} ${path}`,
      operation,
    })),
  );
  const ofTag = (tag: string): string =>
    [
      `## ${tag.charAt(0).toUpperCase()}${tag.slice(1)}`,
      ...operations
        .filter(({ operation }) => operation.tags.includes(tag))
        .map(({ title, operation }) => section(title, operation)),
    ].join('\n\n');

  return `# The HTTP interface

A running Millrace describes itself: \`GET /openapi.json\` is an OpenAPI 3.1 document with the events,
properties, questions and windows of its own pipeline. Give it to a generator of clients, or to a
tool such as Postman. It needs a read key. This page is made from the same document.

Every error is \`{ "error": { "code", "message", "mend" } }\`, but for those of \`/sql\`, which are as a
ClickHouse server writes them. See [errors](errors.md). An answer of 429 or 503 says in \`Retry-After\`
when the same request may be sent again. A path that takes no such method answers 405 with \`Allow\`,
one that is not there 404. \`HEAD\` is \`GET\` without the body. Ingestion answers \`OPTIONS\` as browsers
ask it, and pages of any origin may send events. Any path may also answer
${ofEveryRoute.map((code) => `\`${code}\``).join(', ')}.

## Keys

${markdownTable(
  ['scheme', 'how it is sent', ''],
  Object.entries(document.components.securitySchemes).map(([name, scheme]) => [
    name,
    sentAs(scheme),
    scheme.description,
  ]),
)}

Without keys, as on a laptop, none is needed, and only \`localhost\` may ask.

${tags.map(ofTag).join('\n\n')}

## Shapes

What depends on the pipeline is in its own \`/openapi.json\`; of events see also [the
definition](definition.md).

${Object.entries(document.components.schemas)
  .filter(([name]) => isFixed(name))
  .map(([name, schema]) => `### ${name}\n\n${schemaTable(schema)}`)
  .join('\n\n')}
`;
}

/** Whether a shape is the same for each pipeline. */
const isFixed = (name: string): boolean =>
  /^[A-Z]/.test(name) &&
  !['Event', 'CloudEvent', 'SegmentMessage', 'Condition', 'Measure', 'WindowName'].includes(name);

function sentAs({
  type,
  scheme,
  in: place,
  name,
}: Document['components']['securitySchemes'][string]) {
  if (type === 'apiKey') return place === 'query' ? `\`?${name}=KEY\`` : `\`${name}: KEY\``;
  return scheme === 'bearer' ? '`Authorization: Bearer KEY`' : '`Authorization: Basic …`';
}

function section(title: string, operation: Operation): string {
  const { summary, description, security, parameters = [], requestBody, responses } = operation;
  return [
    `### ${title}`,
    [summary, description].filter((text) => text !== undefined).join(' '),
    keyOf(security),
    parameters.length === 0 ? '' : parametersTable(parameters),
    requestBody === undefined ? '' : contentTable('body', requestBody.content),
    answersTable(responses),
  ]
    .filter((text) => text !== '')
    .join('\n\n');
}

function keyOf(security: Operation['security']): string {
  const names = security.flatMap((one) => Object.keys(one));
  if (names.length === 0) return 'It needs no key.';
  return `It needs a ${names.some((name) => name.startsWith('Read')) ? 'read' : 'write'} key.`;
}

const parametersTable = (parameters: readonly Parameter[]): string =>
  markdownTable(
    ['parameter', 'in', 'type', 'meaning'],
    parameters.map(({ name, in: place, required, description, schema }) => [
      `\`${name}\`${required ? ' (needed)' : ''}`,
      place,
      schemaText(schema),
      description,
    ]),
  );

const contentTable = (
  what: string,
  content: { readonly [type: string]: { readonly schema: Schema } },
): string =>
  markdownTable(
    [what, 'holds'],
    Object.entries(content).map(([type, { schema }]) => [
      `\`${type}\``,
      [schemaText(schema), schema.description].filter(Boolean).join('. '),
    ]),
  );

const answersTable = (responses: { readonly [status: string]: Answer }): string =>
  markdownTable(
    ['answer', 'holds', ''],
    Object.entries(responses)
      .filter(([, { content }]) => !isOfEveryRoute(codesIn(content)))
      .sort(([a], [b]) => Number(a) - Number(b))
      .map(([status, { description, content = {} }]) => [
        status,
        [...new Set(Object.values(content).map(({ schema }) => answerText(schema)))]
          .filter((text) => text !== 'anything')
          .join(', '),
        codesIn(content)
          ?.filter((code) => !isOfEveryRoute([code]))
          .map((code) => `\`${code}\``)
          .join(', ') ?? description,
      ]),
  );

const answerText = (schema: Schema): string =>
  schema.allOf === undefined ? schemaText(schema) : '[Error](#error)';

const common: readonly string[] = ofEveryRoute;
const isOfEveryRoute = (codes: readonly string[] | undefined): boolean =>
  codes?.every((code) => common.includes(code)) ?? false;

/** The codes that an error of this status may have; undefined where it is of another shape. */
function codesIn(content: Answer['content'] = {}): readonly string[] | undefined {
  const codes = Object.values(content).flatMap(
    ({ schema }) => schema.allOf?.[1]?.properties?.error?.properties?.code?.enum ?? [],
  );
  return codes.length === 0 ? undefined : codes.map(String);
}
