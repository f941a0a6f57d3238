import { key, locked } from './key.ts';

/** The server wants a read key, or another one. */
export class KeyNeeded extends Error {}

/** The server does not answer. */
export class Away extends Error {}

/** The server answered, but not with what was asked for. */
export class Refused extends Error {
  /** Of `docs/reference`, where the answer has one. */
  readonly code: string | undefined;
  /** What to do about it. */
  readonly mend: string | undefined;

  constructor({ code, message, mend }: { code?: string; message: string; mend?: string }) {
    super(message);
    this.code = code;
    this.mend = mend;
  }
}

/** Longer than the longest question may take. */
const answerMaxMs = 35_000;
const messageMax = 600;

export interface AskOptions {
  /** Without it POST where there is a body, else GET. */
  readonly method?: 'PUT';
  readonly body?: string;
  readonly signal?: AbortSignal;
  readonly key?: string | null;
}

/**
 * @returns the text of the answer
 * @throws Away, Refused; KeyNeeded, which also locks the page
 */
export async function ask(path: string, options: AskOptions = {}): Promise<string> {
  const response = await request(path, options, answerMaxMs);
  if (!response.ok) throw await failureOf(response, options);
  return bodyOf(response, options.signal);
}

/**
 * An answer that may take as long as somebody listens.
 *
 * @throws Away, Refused; KeyNeeded, which also locks the page
 */
export async function openAnswer(
  path: string,
  signal: AbortSignal,
): Promise<ReadableStream<Uint8Array>> {
  const response = await request(path, { signal }, null);
  if (!response.ok || response.body === null) throw await failureOf(response, { signal });
  return response.body;
}

/** `Answer` is what this version's server answers: it served the page. */
export async function askJson<Answer>(path: string, options?: AskOptions): Promise<Answer> {
  const answer: Answer = JSON.parse(await ask(path, options));
  return answer;
}

async function request(path: string, options: AskOptions, maxMs: number | null): Promise<Response> {
  const { method, body, signal } = options;
  const used = options.key === undefined ? key.peek() : options.key;
  try {
    return await fetch(path, {
      ...(method === undefined ? {} : { method }),
      ...(body === undefined ? {} : { method: 'POST', body }),
      headers: {
        ...(used === null ? {} : { authorization: `Bearer ${used}` }),
        ...(body?.startsWith('{') ? { 'content-type': 'application/json' } : {}),
      },
      cache: 'no-store',
      signal: AbortSignal.any([
        ...(maxMs === null ? [] : [AbortSignal.timeout(maxMs)]),
        ...(signal ? [signal] : []),
      ]),
    });
  } catch (error) {
    signal?.throwIfAborted();
    throw new Away('', { cause: error });
  }
}

async function bodyOf(response: Response, signal: AbortSignal | undefined): Promise<string> {
  try {
    return await response.text();
  } catch (error) {
    signal?.throwIfAborted();
    throw new Away('', { cause: error });
  }
}

async function failureOf(response: Response, options: AskOptions): Promise<Error> {
  if (response.status !== 401) return refusalOf(await bodyOf(response, options.signal));
  if (options.key === undefined) locked.value = true;
  return new KeyNeeded(key.peek() ?? '');
}

/** As Millrace tells its errors, or as plain text: `/sql`, or a proxy between. */
function refusalOf(text: string): Refused {
  try {
    const { error }: { error?: { code: string; message: string; mend: string } } = JSON.parse(text);
    if (error !== undefined) return new Refused(error);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  return new Refused({ message: text.trim().slice(0, messageMax) });
}
