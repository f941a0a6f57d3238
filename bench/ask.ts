import { setTimeout as sleep } from 'node:timers/promises';

/** Epoch ms, `sinceMs <= timestamp < untilMs`. */
export interface Range {
  readonly sinceMs: number;
  readonly untilMs: number;
}

/** Steps of about 0.38 of the range fill it evenly, however many there are; never a bucket's last millisecond. */
export function spread(step: number, { sinceMs, untilMs }: Range): Date {
  const share = (step * 0.381966) % 1;
  const second = Math.floor((share * (untilMs - sinceMs)) / 1000);
  return new Date(sinceMs + second * 1000);
}

export const sqlTime = (ms: number): string => `fromUnixTimestamp64Milli(${ms}, 'UTC')`;

export const between = (column: string, { sinceMs, untilMs }: Range): string =>
  `${column} >= ${sqlTime(sinceMs)} AND ${column} < ${sqlTime(untilMs)}`;

const sqlSettings = new URLSearchParams({
  default_format: 'JSON',
  output_format_json_quote_64bit_integers: '1',
  output_format_json_quote_decimals: '1',
  output_format_decimal_trailing_zeros: '1',
  date_time_output_format: 'iso',
});

export type AskedAt = '/v1/query' | '/sql';

/** The rows of the answer. */
export async function ask(url: string, path: AskedAt, body: string): Promise<unknown> {
  const { status, text } = await send(url, path, body);
  if (status !== 200) throw new Error(`status ${status}: ${text}`);
  const answer: { readonly rows: unknown; readonly data: unknown } = JSON.parse(text);
  return path === '/sql' ? answer.data : answer.rows;
}

export interface Answered {
  /** How often it was told to come again, which it did after the time that was named. */
  readonly comeAgain: number;
  /** Whether it was stopped in the end, because it took too long. */
  readonly stopped: boolean;
}

/** Asks a question until it is answered, or stopped. */
export async function askPatiently(url: string, body: string): Promise<Answered> {
  for (let comeAgain = 0; ; comeAgain += 1) {
    const { status, text, retryAfterS } = await send(url, '/v1/query', body);
    if (status === 200) return { comeAgain, stopped: false };
    if (text.includes('question_too_costly')) return { comeAgain, stopped: true };
    if (status !== 503) throw new Error(`status ${status}: ${text}`);
    await sleep(retryAfterS * 1000);
  }
}

async function send(url: string, path: AskedAt, body: string) {
  const target = path === '/sql' ? `${url}/sql?${sqlSettings}` : `${url}${path}`;
  const response = await fetch(target, { method: 'POST', body });
  const retryAfterS = Number(response.headers.get('retry-after'));
  return { status: response.status, text: await response.text(), retryAfterS };
}
