import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer } from '../../packages/millrace/src/query/answer-question.ts';
import type { Ledger } from './ledger.ts';

export interface Asked {
  /** How many answers had anything to have. */
  readonly answers: number;
  /** Each with its status. */
  readonly failures: readonly string[];
  /** Answers without what was acknowledged before their `as_of`. */
  readonly lacking: readonly string[];
}

const question = { from: ['view', 'purchase'], measures: { n: { kind: 'count' } } };

/** Up to when an answer has everything (epoch ms); NaN while that is not known. */
export async function asOfMs(url: string): Promise<number> {
  const body = JSON.stringify(question);
  const response = await fetch(`${url}/v1/query`, { method: 'POST', body });
  const { as_of }: Answer = JSON.parse(await response.text());
  return Date.parse(as_of ?? '');
}

/**
 * Asks one question again and again until the signal: each answer has to have what was
 * acknowledged before its `as_of`.
 *
 * @param where the address of whoever answers at the time.
 * @param statements of SQL that are to be answered, too.
 */
export async function askOnAndOn(
  where: () => string,
  ledger: Ledger,
  signal: AbortSignal,
  statements: readonly string[] = [],
): Promise<Asked> {
  const acknowledged: { readonly atMs: number; readonly events: number }[] = [];
  const lacking: string[] = [];
  const failures: string[] = [];
  let answers = 0;
  const ask = async (path: string, body: string): Promise<string | undefined> => {
    try {
      const response = await fetch(`${where()}${path}`, { method: 'POST', body });
      const text = await response.text();
      if (response.ok) return text;
      failures.push(`${response.status} ${body}: ${text}`);
    } catch (error) {
      failures.push(`no answer ${body}: ${String(error)}`);
    }
    return undefined;
  };
  while (!signal.aborted) {
    acknowledged.push({ atMs: Date.now(), events: ledger.acknowledged.size });
    const text = await ask('/v1/query', JSON.stringify(question));
    if (text !== undefined) {
      const { as_of, rows, served_by }: Answer = JSON.parse(text);
      const untilMs = Date.parse(as_of ?? '');
      const least = acknowledged.findLast(({ atMs }) => atMs <= untilMs)?.events ?? 0;
      if (least > 0) answers += 1;
      if (Number(rows[0]?.n) < least)
        lacking.push(`${as_of}: ${rows[0]?.n} of ${least} in ${served_by}`);
    }
    for (const statement of statements) await ask('/sql', statement);
    await sleep(100);
  }
  return { answers, failures, lacking };
}
