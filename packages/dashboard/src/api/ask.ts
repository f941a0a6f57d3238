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
  readonly body?: string;
  readonly signal?: AbortSignal;
  readonly key?: string | null;
}

/**
 * @returns the text of the answer
 * @throws Away, Refused; KeyNeeded, which also locks the page
 */
export async function ask(path: string, options: AskOptions = {}): Promise<string> {
  const response = await request(path, options);
  const text = await bodyOf(response, options.signal);
  if (response.status === 401) {
    const known = key.peek();
    if (options.key === undefined) locked.value = true;
    throw new KeyNeeded(known ?? '');
  }
  if (!response.ok) throw refusalOf(text);
  return text;
}

/** `Answer` is what this version's server answers: it served the page. */
export async function askJson<Answer>(path: string, options?: AskOptions): Promise<Answer> {
  const answer: Answer = JSON.parse(await ask(path, options));
  return answer;
}

async function request(path: string, options: AskOptions): Promise<Response> {
  const { body, signal } = options;
  const used = options.key === undefined ? key.peek() : options.key;
  try {
    return await fetch(path, {
      ...(body === undefined ? {} : { method: 'POST', body }),
      headers: {
        ...(used === null ? {} : { authorization: `Bearer ${used}` }),
        ...(body?.startsWith('{') ? { 'content-type': 'application/json' } : {}),
      },
      cache: 'no-store',
      signal: AbortSignal.any([AbortSignal.timeout(answerMaxMs), ...(signal ? [signal] : [])]),
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
