import type { Json, KeyKind } from './operation.ts';

/** Every way in which a key may come. What reads them is `server/keys.ts`. */
export const securitySchemes: { readonly [name: string]: Json } = {
  WriteKey: {
    type: 'http',
    scheme: 'bearer',
    description: 'Public by nature: it opens ingestion and nothing else.',
  },
  WriteKeyBasic: {
    type: 'http',
    scheme: 'basic',
    description: 'The write key as user or as password.',
  },
  WriteKeyQuery: {
    type: 'apiKey',
    in: 'query',
    name: 'writeKey',
    description: 'For navigator.sendBeacon, which sends no headers.',
  },
  ReadKey: {
    type: 'http',
    scheme: 'bearer',
    description:
      'It opens questions, SQL, dead letters, imports and this document; one with a list of tables, questions and SQL of these alone.',
  },
  ReadKeyBasic: {
    type: 'http',
    scheme: 'basic',
    description: 'The read key as user or as password.',
  },
  ReadKeyHeader: {
    type: 'apiKey',
    in: 'header',
    name: 'X-ClickHouse-Key',
    description: "As ClickHouse's clients send it.",
  },
  ReadKeyQuery: {
    type: 'apiKey',
    in: 'query',
    name: 'password',
    description: 'As some of them send it.',
  },
};

const schemesOf: { readonly [key in KeyKind]: readonly string[] } = {
  none: [],
  write: ['WriteKey', 'WriteKeyBasic', 'WriteKeyQuery'],
  read: ['ReadKey', 'ReadKeyBasic', 'ReadKeyHeader', 'ReadKeyQuery'],
};

/** Any one of them opens the route. */
export const securityOf = (key: KeyKind, needed: boolean): readonly Json[] => [
  ...(needed || key === 'none' ? [] : [{}]),
  ...schemesOf[key].map((scheme) => ({ [scheme]: [] })),
];
