import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { bodyOf, type Delivery } from './deliveries.ts';
import type { Receipt } from './ledger.ts';

export interface SenderOptions {
  /** Of the collector, e.g. `http://127.0.0.1:8080`. */
  readonly url: string;
  readonly writeKey?: string;
  readonly signal: AbortSignal;
}

const compress = promisify(gzip);
const answerMaxMs = 30_000;
const backoffLeastMs = 200;
const backoffMostMs = 5_000;
const retryAfterMostMs = 600_000;

/**
 * Sends one delivery until it is answered with a receipt: again after the time
 * the collector asks for (429, 503), and again when no answer came, which is
 * where real duplicates come from.
 *
 * @throws Error when the collector does not take such a request at all, and the
 *   signal's reason when it aborts.
 */
export async function send(delivery: Delivery, options: SenderOptions): Promise<Receipt> {
  const text = bodyOf(delivery);
  const body = delivery.gzip ? await compress(text) : text;
  const headers = {
    'content-type': delivery.form === 'ndjson' ? 'application/x-ndjson' : 'application/json',
    ...(delivery.gzip ? { 'content-encoding': 'gzip' } : {}),
    ...(options.writeKey === undefined ? {} : { authorization: `Bearer ${options.writeKey}` }),
  };

  for (let backoffMs = backoffLeastMs; ; backoffMs = Math.min(backoffMs * 2, backoffMostMs)) {
    const signal = AbortSignal.any([options.signal, AbortSignal.timeout(answerMaxMs)]);
    let waitMs = backoffMs;
    try {
      const response = await fetch(new URL('/v1/events', options.url), {
        method: 'POST',
        headers,
        body,
        signal,
      });
      const answer = await response.text();
      if (response.ok) return receiptOf(answer);
      if (response.status !== 429 && response.status < 500) {
        throw new RefusedRequest(`${response.status} ${answer}`);
      }
      waitMs = Math.max(backoffMs, retryAfterMs(response.headers.get('retry-after')));
    } catch (error) {
      options.signal.throwIfAborted();
      if (error instanceof RefusedRequest) throw error;
      // No answer: it may have been stored or not, so it is sent again as it was.
    }
    await sleep(waitMs, undefined, { signal: options.signal });
  }
}

/** The collector understood the request and will never take it. */
export class RefusedRequest extends Error {
  override readonly name = 'RefusedRequest';
}

/** Of a Retry-After header: a number of seconds or a date (RFC 9110, 10.2.3); at most ten minutes. */
export function retryAfterMs(header: string | null, now: number = Date.now()): number {
  if (header === null) return 0;
  const seconds = /^\d{1,6}$/.test(header) ? Number(header) : Number.NaN;
  const ms = Number.isNaN(seconds) ? Date.parse(header) - now : seconds * 1000;
  return Number.isFinite(ms) ? Math.min(Math.max(ms, 0), retryAfterMostMs) : 0;
}

function receiptOf(text: string): Receipt {
  const answer: unknown = JSON.parse(text);
  if (typeof answer === 'object' && answer !== null) {
    const { accepted, rejected }: { accepted?: unknown; rejected?: unknown } = answer;
    if (typeof accepted === 'number' && Array.isArray(rejected)) {
      return { accepted, rejected: rejected.map(refusalOf) };
    }
  }
  throw new RefusedRequest(`The answer is no receipt: ${text}`);
}

function refusalOf(refusal: unknown): Receipt['rejected'][number] {
  if (typeof refusal === 'object' && refusal !== null) {
    const { index, code }: { index?: unknown; code?: unknown } = refusal;
    if (typeof index === 'number' && typeof code === 'string') return { index, code };
  }
  throw new RefusedRequest(`This is no refusal: ${JSON.stringify(refusal)}`);
}
