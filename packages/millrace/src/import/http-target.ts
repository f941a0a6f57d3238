import { isRecord } from '../collect/is-record.ts';
import { refusals } from '../collect/refusals.ts';
import { type ErrorCode, errors, MillraceError } from '../errors.ts';
import { chunkLines } from './chunk-lines.ts';
import type { ImportKey, ImportState } from './ledger.ts';
import type { RefusedRow } from './tally.ts';
import type { ChunkReceipt, ImportTarget } from './target.ts';

/**
 * Imports into a pipeline that runs in another process.
 *
 * @param url where it answers.
 * @param readKey needed if it has keys: write keys are public, and what was
 *   imported is no concern of the public.
 */
export function httpTarget(url: string, readKey: string | undefined): ImportTarget {
  const ask = async (method: 'GET' | 'PUT', path: string, body?: string): Promise<unknown> => {
    const request = {
      method,
      headers: {
        ...(readKey === undefined ? {} : { authorization: `Bearer ${readKey}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/x-ndjson' }),
      },
      ...(body === undefined ? {} : { body }),
    };
    let response: Response;
    let answer: unknown;
    try {
      response = await fetch(new URL(path, url), request);
      answer = await response.json();
    } catch (error) {
      throw new MillraceError('overloaded', `The pipeline at ${url} does not answer.`, {
        cause: error,
      });
    }
    if (response.ok) return answer;
    throw errorOf(answer, response.status);
  };

  return {
    async imports(file) {
      const answer = await ask('GET', `/v1/imports/${file}`);
      if (isRecord(answer) && Array.isArray(answer.imports)) {
        const states: unknown[] = answer.imports;
        if (states.every(isState)) return states;
      }
      throw notUnderstood(url);
    },
    async append({ key, from, to, ...rows }) {
      const answer = await ask('PUT', `${pathOf(key)}?from=${from}&to=${to}`, chunkLines(rows));
      if (isReceipt(answer)) return answer;
      throw notUnderstood(url);
    },
    async finish(key, rows) {
      await ask('PUT', `${pathOf(key)}/all?rows=${rows}`);
    },
    async settle() {
      await ask('GET', '/v1/imports/settled');
    },
  };
}

const pathOf = ({ file, mapping }: ImportKey): string => `/v1/imports/${file}/${mapping}`;

function errorOf(answer: unknown, status: number): MillraceError {
  const error = isRecord(answer) ? answer.error : undefined;
  if (isRecord(error) && isErrorCode(error.code)) {
    return new MillraceError(error.code, String(error.message));
  }
  return new MillraceError('internal', `The pipeline answered ${status} without a reason.`);
}

const isErrorCode = (code: unknown): code is ErrorCode =>
  typeof code === 'string' && Object.hasOwn(errors, code);

const isState = (value: unknown): value is ImportState =>
  isRecord(value) &&
  typeof value.mapping === 'string' &&
  typeof value.position === 'number' &&
  typeof value.finished === 'boolean';

const isReceipt = (value: unknown): value is ChunkReceipt =>
  isRecord(value) &&
  typeof value.accepted === 'number' &&
  typeof value.duplicates === 'number' &&
  Array.isArray(value.rejected) &&
  value.rejected.every(isRejection);

const isRejection = (value: unknown): value is Omit<RefusedRow, 'row'> & { index: number } =>
  isRecord(value) &&
  typeof value.index === 'number' &&
  typeof value.code === 'string' &&
  Object.hasOwn(refusals, value.code) &&
  typeof value.message === 'string';

const notUnderstood = (url: string): MillraceError =>
  new MillraceError('internal', `What answers at ${url} is no Millrace of this version.`);
