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

async function send(url: string, path: AskedAt, body: string) {
  const target = path === '/sql' ? `${url}/sql?${sqlSettings}` : `${url}${path}`;
  const response = await fetch(target, { method: 'POST', body });
  return { status: response.status, text: await response.text() };
}
