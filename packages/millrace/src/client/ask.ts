import { type ErrorCode, errors, MillraceError } from '../errors.ts';

export interface AskOptions {
  readonly method?: 'GET' | 'PUT' | 'POST' | 'DELETE';
  /** Sent as `Authorization: Bearer KEY`. */
  readonly key?: string | undefined;
  /** JSON. */
  readonly body?: string;
  readonly signal?: AbortSignal;
}

/**
 * Asks a Millrace over HTTP.
 *
 * @returns what its JSON says, unchecked: it is the same version or a near one.
 * @throws MillraceError `not_running` where nothing answers, else with the code it answers.
 */
export async function ask<Answer>(
  url: URL,
  { method = 'GET', key, body, signal }: AskOptions = {},
): Promise<Answer> {
  const headers = {
    ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
  };
  let response: Response;
  try {
    response = await fetch(url, {
      method,
      headers,
      ...(body === undefined ? {} : { body }),
      ...(signal ? { signal } : {}),
    });
  } catch (error) {
    signal?.throwIfAborted();
    throw new MillraceError('not_running', `Nothing answers at ${url.origin}.`, { cause: error });
  }
  const text = await response.text();
  if (response.ok) return answerOf<Answer>(text);
  throw refusalOf(text) ?? new MillraceError('internal', `${url.pathname}: ${response.status}.`);
}

function answerOf<Answer>(text: string): Answer {
  return JSON.parse(text);
}

/** The error that an answer tells; undefined if it is not one of Millrace's, as from a proxy between. */
function refusalOf(text: string): MillraceError | undefined {
  try {
    const { error } = answerOf<{ error?: { code?: string; message?: string } }>(text);
    return isErrorCode(error?.code)
      ? new MillraceError(error.code, error?.message ?? '')
      : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

const isErrorCode = (code: unknown): code is ErrorCode =>
  typeof code === 'string' && Object.hasOwn(errors, code);
