import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { MillraceError } from '../errors.ts';
import { type Reader, requireUnlimited, unlimitedReader } from '../query/reader.ts';
import { isLoopback } from './address.ts';
import { readKey } from './read-key.ts';

/** Where there are no keys of a kind, as on loopback, none is needed and any is taken. */
export interface KeysOptions {
  /** Public by nature (they are in web pages): they open ingestion, nothing else. */
  readonly write: readonly string[];
  /** They open questions, SQL and dead letters: `KEY`, or `KEY:tables=events+…` for these tables alone. */
  readonly read: readonly string[];
  /** The tables that a read key may list; none where nothing heeds a list. */
  readonly tables?: readonly string[];
}

export interface Keys {
  /**
   * True if the request carries a write key; false if it carries none at all.
   *
   * @throws MillraceError `unauthorized` if it carries a wrong one.
   */
  mayWrite(request: FastifyRequest): boolean;
  /** For a key that came in a body. */
  isWriteKey(key: unknown): boolean;
  /**
   * An `onRequest` hook for what is about the whole pipeline, or changes it.
   *
   * @throws MillraceError `unauthorized`; `read_key_limited` for a key with a list of tables.
   */
  requireRead(request: FastifyRequest): Promise<void>;
  /** What the request's read key may ask. @throws MillraceError `unauthorized`. */
  readerOf: ReaderOf;
}

export type ReaderOf = (request: FastifyRequest) => Reader;

/** An `onRequest` hook that any read key passes: what it may ask is looked at later. */
export const requireAnyRead =
  (readerOf: ReaderOf) =>
  async (request: FastifyRequest): Promise<void> => {
    readerOf(request);
  };

/** @throws MillraceError `config_invalid` for a read key that lists what there is not. */
export function createKeys({ write, read, tables = [] }: KeysOptions): Keys {
  const findWriteKey = finder(write);
  const isWriteKey = (key: unknown) => write.length === 0 || findWriteKey(key) !== null;
  const readKeys = readersOf(read, tables);
  const findReadKey = finder(readKeys.map(({ key }) => key));

  const readerOf: ReaderOf = (request) => {
    if (read.length === 0) {
      refuseForeignNames(request);
      return unlimitedReader;
    }
    const header = request.headers['x-clickhouse-key'];
    const keys = [
      ...authorization(request),
      ...(typeof header === 'string' ? [header] : []),
      ...query(request, 'password'),
    ];
    const [found] = keys.map(findReadKey).filter((at) => at !== null);
    const reader = found === undefined ? undefined : readKeys[found]?.reader;
    if (reader !== undefined) return reader;
    throw new MillraceError(
      'unauthorized',
      keys.length === 0 ? 'A read key is needed.' : 'This is not a read key.',
    );
  };
  return {
    isWriteKey,
    readerOf,
    mayWrite(request) {
      if (write.length === 0) return true;
      const keys = [...authorization(request), ...query(request, 'writeKey')];
      if (keys.length === 0) return false;
      if (keys.some(isWriteKey)) return true;
      throw new MillraceError('unauthorized', 'This is not a write key.');
    },
    async requireRead(request) {
      requireUnlimited(readerOf(request), request.url.replace(/\?.*$/s, ''));
    },
  };
}

interface KeyOfReader {
  readonly key: string;
  readonly reader: Reader;
}

/** Nothing it says repeats a key. */
function readersOf(texts: readonly string[], known: readonly string[]): readonly KeyOfReader[] {
  const keys = texts.map((text) => {
    const key = readKey(text);
    if (key !== null) return key;
    throw new MillraceError(
      'config_invalid',
      'tables= of a read key needs names: KEY:tables=events+….',
    );
  });
  for (const table of keys.flatMap(({ tables }) => tables ?? [])) {
    if (known.length === 0 || known.includes(table)) continue;
    throw new MillraceError(
      'config_invalid',
      `A read key lists the table ${table}, which there is not; there are ${known.join(', ')}.`,
    );
  }
  const listed = keys.filter(({ tables }) => tables !== null);
  if (listed.some(({ key }) => keys.filter((other) => other.key === key).length > 1)) {
    throw new MillraceError('config_invalid', 'A read key with a list of tables is given twice.');
  }
  return keys.map(({ key, tables }) => ({
    key,
    reader: tables === null ? unlimitedReader : { tables: new Set(tables) },
  }));
}

/**
 * Without keys only this machine may ask. A page from elsewhere can make its own
 * name point here (DNS rebinding), but not send the request under another name.
 */
function refuseForeignNames({ hostname }: FastifyRequest): void {
  if (isLoopback(hostname.replace(/^\[(.*)\]$/, '$1'))) return;
  throw new MillraceError(
    'unauthorized',
    `Without read keys only localhost may be asked, not ${hostname}.`,
  );
}

/**
 * The place of a key among those known, or null. The same time for every key of
 * every length, right or wrong: digests are compared, all of them.
 */
function finder(keys: readonly string[]): (key: unknown) => number | null {
  const digests = keys.map(digest);
  return (key) => {
    if (typeof key !== 'string') return null;
    const given = digest(key);
    let found: number | null = null;
    digests.forEach((known, at) => {
      found = timingSafeEqual(known, given) ? at : found;
    });
    return found;
  };
}

const digest = (key: string): Buffer => createHash('sha256').update(key).digest();

/** `Bearer KEY`, or `Basic` with the key as user or password. */
function authorization({ headers }: FastifyRequest): string[] {
  const [scheme = '', value = ''] = (headers.authorization ?? '').split(' ', 2);
  if (/^bearer$/i.test(scheme)) return [value];
  if (!/^basic$/i.test(scheme)) return [];
  const [user = '', ...rest] = Buffer.from(value, 'base64').toString().split(':');
  return [user, rest.join(':')].filter((key) => key !== '');
}

function query({ query: values }: FastifyRequest, name: string): string[] {
  if (typeof values !== 'object' || values === null) return [];
  const value = Object.entries(values).find(([key]) => key === name)?.[1];
  return typeof value === 'string' ? [value] : [];
}
