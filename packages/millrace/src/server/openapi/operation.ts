import type { ErrorCode } from '../../errors.ts';

export type Json =
  | string
  | number
  | boolean
  | null
  | readonly Json[]
  | { readonly [name: string]: Json };

/** A schema of JSON Schema 2020-12, as OpenAPI 3.1 takes it. */
export type JsonSchema = { readonly [keyword: string]: Json };

export interface Parameter {
  readonly in: 'query' | 'path' | 'header';
  readonly name: string;
  readonly required?: boolean;
  readonly description: string;
  readonly schema: JsonSchema;
}

/** What opens a route: which keys, and that some carry them in the body as well. */
export type KeyKind = 'read' | 'write' | 'none';

/** Of each media type what its body holds. */
export interface Content {
  readonly [mediaType: string]: JsonSchema;
}

export interface Success {
  readonly status?: number;
  readonly description: string;
  readonly content?: Content;
  readonly headers?: readonly string[];
}

/** What `GET /openapi.json` says of a route; it stands beside the route, in its `config`. */
export interface Operation {
  readonly id: string;
  readonly tag: 'events' | 'questions' | 'dead letters' | 'windows' | 'imports' | 'operation';
  readonly summary: string;
  readonly description?: string;
  readonly key: KeyKind;
  readonly parameters?: readonly Parameter[];
  readonly body?: { readonly required: boolean; readonly content: Content };
  readonly success: Success;
  /** The codes it can give beside those of every route. */
  readonly errors: readonly ErrorCode[];
  /** Answers of a shape of their own, which stand instead of those of `errors`. */
  readonly otherAnswers?: readonly (Success & { readonly status: number })[];
}

/** For a route that nobody calls by hand: why it is not described. */
export interface Unlisted {
  readonly unlisted: string;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Each route of the server has one: see `describedRoutes`. */
    readonly operation?: Operation | Unlisted;
  }
}

export const ref = (name: string): JsonSchema => ({ $ref: `#/components/schemas/${name}` });

export const json = (schema: JsonSchema): Content => ({ 'application/json': schema });

export const orNullOf = (type: string): { readonly type: readonly [string, 'null'] } => ({
  type: [type, 'null'],
});
