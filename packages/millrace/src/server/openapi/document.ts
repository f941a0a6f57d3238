import type { Plan } from '../../plan/plan.ts';
import { answerSchemas } from './answer-schemas.ts';
import type { DescribedRoute } from './described-routes.ts';
import { eventSchemas } from './event-schemas.ts';
import { answerHeaders, errorSchema, failures } from './failures.ts';
import type { Content, Json, KeyKind, Operation, Success } from './operation.ts';
import { questionSchemas } from './question-schemas.ts';
import { securityOf, securitySchemes } from './security.ts';

export interface DocumentOptions {
  readonly plan: Plan;
  readonly version: string;
  /** Whether there are keys of each kind; without them none is needed. */
  readonly keysNeeded: { readonly read: boolean; readonly write: boolean };
  readonly routes: readonly DescribedRoute[];
}

/** The OpenAPI 3.1 document of a server: https://spec.openapis.org/oas/v3.1.1.html */
export function openapiDocument({ plan, version, keysNeeded, routes }: DocumentOptions): Json {
  const paths: { [path: string]: { [method: string]: Json } } = {};
  for (const { method, url, operation } of routes) {
    const path = url.replace(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [method.toLowerCase()]: described(operation, keysNeeded) };
  }
  return {
    openapi: '3.1.1',
    info: {
      title: `Millrace: ${plan.pipeline}`,
      version,
      summary: 'What one running pipeline takes and answers.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    paths,
    components: {
      schemas: {
        Error: errorSchema,
        ...answerSchemas,
        ...eventSchemas(plan),
        ...questionSchemas(plan),
        WindowName: {
          type: 'string',
          ...(plan.windows.length === 0 ? {} : { enum: plan.windows.map(({ name }) => name) }),
        },
      },
      headers: answerHeaders,
      securitySchemes,
    },
  };
}

const described = (operation: Operation, keysNeeded: DocumentOptions['keysNeeded']): Json => ({
  operationId: operation.id,
  tags: [operation.tag],
  summary: operation.summary,
  ...(operation.description === undefined ? {} : { description: operation.description }),
  security: securityOf(operation.key, isNeeded(operation.key, keysNeeded)),
  ...(operation.parameters === undefined
    ? {}
    : {
        parameters: operation.parameters.map(({ required, ...parameter }) => ({
          ...parameter,
          required: required ?? parameter.in === 'path',
        })),
      }),
  ...(operation.body === undefined
    ? {}
    : {
        requestBody: {
          required: operation.body.required,
          content: contentOf(operation.body.content),
        },
      }),
  responses: {
    ...failures(operation.errors, operation.key),
    ...Object.fromEntries(
      [operation.success, ...(operation.otherAnswers ?? [])].map((answer) => [
        String(answer.status ?? 200),
        answerOf(answer),
      ]),
    ),
  },
});

const isNeeded = (key: KeyKind, { read, write }: DocumentOptions['keysNeeded']): boolean =>
  key === 'read' ? read : write;

const answerOf = ({ description, content, headers = [] }: Success): Json => ({
  description,
  ...(headers.length === 0
    ? {}
    : {
        headers: Object.fromEntries(headers.map((name) => [name, { schema: { type: 'string' } }])),
      }),
  ...(content === undefined ? {} : { content: contentOf(content) }),
});

const contentOf = (content: Content): Json =>
  Object.fromEntries(Object.entries(content).map(([type, schema]) => [type, { schema }]));
