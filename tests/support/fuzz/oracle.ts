import { expect } from 'vitest';
import { refusals } from '../../../packages/millrace/src/collect/refusals.ts';
import { type ErrorCode, errors } from '../../../packages/millrace/src/errors.ts';
import { answersTo, checkOrder, checkOrders } from './forget-order.ts';
import { type FuzzRequest, readKey } from './requests.ts';

export interface Answer {
  readonly status: number;
  /** With lower-case names. */
  readonly headers: { readonly [name: string]: string };
  readonly body: Buffer;
  /** Whether it came to its end, and did not break off. */
  readonly whole: boolean;
}

/** What the answers said became of the events. */
export class Books {
  accepted = 0;
  rejected = 0;
  brokenOff = 0;
  /** Orders to forget that were taken, by their ids. */
  readonly orders = new Set<string>();
  readonly statuses = new Map<number, number>();

  /** Checks that an answer is one of those that are documented, and books it. */
  add(sent: FuzzRequest, answer: Answer): void {
    const { method, path, events } = sent;
    const { status, headers, body } = answer;
    this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1);
    if (!answer.whole) {
      this.brokenOff += 1;
      checkBrokenOff(path, answer);
      return;
    }
    if (status === 503 || status === 429) expect(headers['retry-after']).toMatch(/^\d+$/);
    if (method === 'HEAD' || status === 204) return;
    // Node itself wants one Host and no other expectation than to continue, and says no more.
    if ((status === 400 || status === 417) && body.length === 0) return;
    if (headers['x-clickhouse-exception-code'] !== undefined) checkSqlError(answer);
    else if (status !== 200) checkError(answer);
    else if (path === '/v1/forgotten' && method === 'GET') checkOrders(body);
    else if (path === '/v1/query') checkAnswer(body);
    else if (isReceipt(method, path)) this.#addReceipt(body, events);
    if (path === '/v1/forgotten' && method === 'PUT') this.#addOrder(sent, answer);
  }

  #addOrder({ headers, body: asked }: FuzzRequest, { status, body }: Answer): void {
    const isReader = headers.authorization === `Bearer ${readKey}`;
    const mayCome = isReader ? answersTo(asked, headers['content-type']) : ['unauthorized'];
    const answer: { readonly id?: string; readonly error?: { readonly code: string } } = JSON.parse(
      body.toString(),
    );
    expect(mayCome).toContain(status === 200 ? 'order' : answer.error?.code);
    if (status !== 200) return;
    checkOrder(answer);
    this.orders.add(answer.id ?? '');
  }

  #addReceipt(body: Buffer, events: number | null): void {
    const { accepted, rejected, assigned = [] } = receiptOf(body);
    const places = rejected.map(({ index }) => index);
    expect(places).toEqual([...new Set(places)].sort((a, b) => a - b));
    for (const { code, message } of rejected) {
      expect([...Object.keys(refusals)]).toContain(code);
      expect(message).toEqual(expect.any(String));
    }
    expect(assigned.length).toBeLessThanOrEqual(accepted);
    if (events !== null) expect(accepted + rejected.length).toBe(events);
    this.accepted += accepted;
    this.rejected += rejected.length;
  }
}

const isReceipt = (method: string, path: string): boolean =>
  (method === 'POST' && path.startsWith('/v1/')) ||
  (method === 'PUT' && path.startsWith('/v1/imports/') && !/\/all\b/.test(path));

/** Of a question: each row has the columns that it says. */
function checkAnswer(body: Buffer): void {
  const answer: {
    readonly columns: readonly { readonly name: string }[];
    readonly rows: readonly object[];
    readonly served_by: string;
  } = JSON.parse(body.toString());
  expect(['events', 'by_hour']).toContain(answer.served_by);
  const names = answer.columns.map(({ name }) => name);
  for (const row of answer.rows) expect(Object.keys(row)).toEqual(names);
}

interface Receipt {
  readonly accepted: number;
  readonly rejected: readonly {
    readonly index: number;
    readonly code: string;
    readonly message: string;
  }[];
  readonly assigned?: readonly unknown[];
}

function receiptOf(body: Buffer): Receipt {
  const receipt: Receipt = JSON.parse(body.toString());
  expect(receipt).toMatchObject({ accepted: expect.any(Number), rejected: expect.any(Array) });
  return receipt;
}

/** `{ "error": { "code", "message", "mend" } }`, with the status that belongs to the code. */
function checkError({ status, headers, body }: Answer): void {
  expect(headers['content-type']).toMatch(/^application\/json/);
  const answer: unknown = JSON.parse(body.toString());
  expect(answer).toEqual({
    error: {
      code: expect.any(String),
      message: expect.stringMatching(/\S/),
      mend: expect.stringMatching(/\S/),
    },
  });
  const code = /"code":"(\w+)"/.exec(body.toString())?.[1] ?? '';
  expect(isErrorCode(code) ? code : `no code: ${code}`).toBe(code);
  if (isErrorCode(code)) expect(status).toBe(errors[code].status);
  if (status >= 500) expect(status).toBe(503);
}

const isErrorCode = (code: string): code is ErrorCode => Object.hasOwn(errors, code);

/** So much of an answer of `/sql` can still become an error with a status. */
const firstBytes = 1024 * 1024;

/**
 * Only an answer of `/sql` breaks off, and only behind its first MiB: with the
 * error behind its rows, between marks with the tag that its header says.
 */
function checkBrokenOff(path: string, { status, headers, body }: Answer): void {
  expect([path.startsWith('/sql'), status]).toEqual([true, 200]);
  const tag = headers['x-clickhouse-exception-tag'] ?? '';
  expect(tag).toMatch(/^[0-9a-f]{16}$/);
  const mark = Buffer.from(`\r\n__exception__\r\n${tag}\r\n`);
  const at = body.indexOf(mark);
  expect(at).toBeGreaterThan(firstBytes);
  const [, text = '', length] =
    new RegExp(`^(.*\\n)(\\d+) ${tag}\\r\\n__exception__\\r\\n$`, 's').exec(
      body.subarray(at + mark.length).toString(),
    ) ?? [];
  expect(Number(length)).toBe(Buffer.byteLength(text));
  checkSqlErrorText(text);
}

/** As ClickHouse answers: a status of 500 has a code of the engine like every other refusal. */
function checkSqlError({ headers, body }: Answer): void {
  const text = body.toString();
  checkSqlErrorText(text);
  expect(text.startsWith(`Code: ${headers['x-clickhouse-exception-code']}. `)).toBe(true);
}

function checkSqlErrorText(text: string): void {
  expect(text).toMatch(/^Code: \d+\. DB::Exception: [\s\S]+ \([A-Z_0-9]+\)\n$/);
  expect(text).not.toContain('(LOGICAL_ERROR)');
}
