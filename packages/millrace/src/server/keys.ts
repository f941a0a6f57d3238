import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { MillraceError } from '../errors.ts';
import { isLoopback } from './address.ts';

/** Where there are no keys of a kind, as on loopback, none is needed and any is taken. */
export interface KeysOptions {
  /** Public by nature (they are in web pages): they open ingestion, nothing else. */
  readonly write: readonly string[];
  /** They open questions, SQL and dead letters. */
  readonly read: readonly string[];
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
  /** An `onRequest` hook. @throws MillraceError `unauthorized`. */
  requireRead(request: FastifyRequest): Promise<void>;
}

export function createKeys({ write, read }: KeysOptions): Keys {
  const isWriteKey = write.length === 0 ? () => true : matcher(write);
  const isReadKey = matcher(read);
  return {
    isWriteKey,
    mayWrite(request) {
      if (write.length === 0) return true;
      const keys = [...authorization(request), ...query(request, 'writeKey')];
      if (keys.length === 0) return false;
      if (keys.some(isWriteKey)) return true;
      throw new MillraceError('unauthorized', 'This is not a write key.');
    },
    async requireRead(request) {
      if (read.length === 0) {
        refuseForeignNames(request);
        return;
      }
      const header = request.headers['x-clickhouse-key'];
      const keys = [
        ...authorization(request),
        ...(typeof header === 'string' ? [header] : []),
        ...query(request, 'password'),
      ];
      if (keys.some(isReadKey)) return;
      throw new MillraceError(
        'unauthorized',
        keys.length === 0 ? 'A read key is needed.' : 'This is not a read key.',
      );
    },
  };
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

/** The same time for every key of every length, right or wrong: digests are compared, all of them. */
function matcher(keys: readonly string[]): (key: unknown) => boolean {
  const digests = keys.map(digest);
  return (key) => {
    if (typeof key !== 'string') return false;
    const given = digest(key);
    let found = false;
    for (const known of digests) found = timingSafeEqual(known, given) || found;
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
