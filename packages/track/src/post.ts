/** What became of a request. */
export type Outcome =
  /** Each event was taken, but for these. */
  | { readonly kind: 'answered'; readonly rejected: readonly Rejection[] }
  /** The request as a whole will never be taken. */
  | { readonly kind: 'refused'; readonly code: string; readonly message: string }
  /** Fewer events may be taken. */
  | { readonly kind: 'too_large'; readonly code: string; readonly message: string }
  /** It may be taken later, and perhaps was. */
  | { readonly kind: 'failed'; readonly retryAfterMs: number };

export interface Rejection {
  /** The event's place in the request. */
  readonly index: number;
  readonly code: string;
  readonly message: string;
}

export interface Request {
  readonly body: string;
  /** Lets the request outlive its page. Browsers do so for 64 KiB at a time. */
  readonly keepalive: boolean;
}

export type Post = (request: Request) => Promise<Outcome>;

export interface PostOptions {
  readonly url: string;
  readonly headers: { readonly [name: string]: string };
  readonly timeoutMs: number;
}

export function createPost({ url, headers, timeoutMs }: PostOptions): Post {
  return async ({ body, keepalive }) => {
    const ending = new AbortController();
    const timer = setTimeout(() => ending.abort(), timeoutMs);
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers,
        body,
        keepalive,
        credentials: 'omit',
        signal: ending.signal,
      });
      return read(response, await response.text());
    } catch {
      // No network, nobody listens, no answer in time.
      return { kind: 'failed', retryAfterMs: 0 };
    } finally {
      clearTimeout(timer);
    }
  };
}

function read(response: Response, text: string): Outcome {
  const { ok, status } = response;
  const answer = parse(text);
  if (ok) {
    const rejected = answer?.rejected;
    // A portal of a wireless network answers 200 as well, with a page of its own.
    return Array.isArray(rejected)
      ? { kind: 'answered', rejected }
      : { kind: 'failed', retryAfterMs: 0 };
  }
  if (status === 429 || status === 408 || status >= 500) {
    return { kind: 'failed', retryAfterMs: retryAfterMs(response.headers.get('retry-after')) };
  }
  const { code = `http_${status}`, message = response.statusText } = answer?.error ?? {};
  return { kind: status === 413 ? 'too_large' : 'refused', code, message };
}

interface Answer {
  readonly rejected?: unknown;
  readonly error?: { readonly code?: string; readonly message?: string };
}

function parse(text: string): Answer | undefined {
  try {
    return JSON.parse(text) ?? undefined;
  } catch {
    return undefined;
  }
}

/** Longer than this is rather a mistake of a proxy than a wish of the server. */
const retryAfterMaxMs = 3_600_000;

/** Seconds, or a date. https://www.rfc-editor.org/rfc/rfc9110#name-retry-after */
function retryAfterMs(header: string | null): number {
  if (header === null) return 0;
  const seconds = Number(header);
  const ms = Number.isNaN(seconds) ? Date.parse(header) - Date.now() : seconds * 1000;
  return Math.min(Math.max(ms || 0, 0), retryAfterMaxMs);
}
