import { type ErrorCode, errors, MillraceError } from '../errors.ts';
import { urlOf } from '../server/address.ts';
import type { Settings } from './settings.ts';

/**
 * Asks the Millrace that runs where the settings say, with the first of its read keys.
 *
 * @returns what its JSON says, unchecked: it is the same version or a near one.
 * @throws MillraceError `not_running`, and with the code it answers.
 */
export async function askRunning<Answer>(
  { host, port, readKeys: [key] }: Pick<Settings, 'host' | 'port' | 'readKeys'>,
  path: string,
  method: 'GET' | 'PUT' | 'POST' = 'GET',
  body?: string,
): Promise<Answer> {
  const url = new URL(path, urlOf(host, port));
  const headers = key === undefined ? undefined : { authorization: `Bearer ${key}` };
  let response: Response;
  try {
    response = await fetch(url, {
      method,
      ...(headers ? { headers } : {}),
      ...(body === undefined ? {} : { body }),
    });
  } catch (error) {
    throw new MillraceError('not_running', `Nothing answers at ${url.origin}.`, { cause: error });
  }
  const text = await response.text();
  if (response.ok) return answerOf<Answer>(text);
  const { error } = answerOf<{ error?: { code?: string; message?: string } }>(text);
  throw new MillraceError(
    isErrorCode(error?.code) ? error.code : 'internal',
    error?.message ?? `${url.pathname} answered ${response.status}.`,
  );
}

function answerOf<Answer>(text: string): Answer {
  return JSON.parse(text);
}

const isErrorCode = (code: unknown): code is ErrorCode =>
  typeof code === 'string' && Object.hasOwn(errors, code);
