import { MillraceError } from '../../errors.ts';
import { reasonIn } from './flink-reason.ts';

export interface AskFlink {
  readonly method?: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Sent as JSON. */
  readonly body?: unknown;
}

const answerMsMax = 60_000;

/**
 * Asks one of Flink's REST interfaces.
 *
 * @returns what its JSON says, unchecked.
 * @throws MillraceError `flink_unavailable` where nothing answers or nobody leads yet,
 *   `flink_refused` with what Flink says is wrong.
 */
export async function askFlink<Answer>(url: string, options: AskFlink = {}): Promise<Answer> {
  const answer = await askFlinkFor<Answer>(url, options);
  if (answer === null) throw new MillraceError('flink_refused', `${url}: there is no such thing.`);
  return answer;
}

/** As `askFlink`; null where Flink does not know what is asked about. */
export async function askFlinkFor<Answer>(
  url: string,
  { method = 'GET', body }: AskFlink = {},
): Promise<Answer | null> {
  const { status, text } = await fetched(url, {
    method,
    signal: AbortSignal.timeout(answerMsMax),
    ...(body === undefined
      ? {}
      : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  if (status === 404) return null;
  if (status === 503)
    throw new MillraceError('flink_unavailable', `${url} is not ready: ${reasonIn(text)}`);
  if (status >= 300) throw new MillraceError('flink_refused', `Flink refused: ${reasonIn(text)}`);
  return answerOf<Answer>(text === '' ? '{}' : text);
}

async function fetched(
  url: string,
  init: RequestInit,
): Promise<{ readonly status: number; readonly text: string }> {
  try {
    const response = await fetch(url, init);
    return { status: response.status, text: await response.text() };
  } catch (cause) {
    throw new MillraceError('flink_unavailable', `Nothing answers at ${url}.`, { cause });
  }
}

function answerOf<Answer>(text: string): Answer {
  return JSON.parse(text);
}
