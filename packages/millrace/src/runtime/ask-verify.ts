import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { type ErrorCode, MillraceError } from '../errors.ts';
import type { VerifyProgress, VerifyReport } from '../verify/report.ts';

export interface AskVerifyOptions {
  readonly key: string | undefined;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: VerifyProgress) => void;
}

/** A line of what `GET /v1/verify` answers. */
export interface VerifyLine {
  readonly progress?: VerifyProgress;
  readonly report?: VerifyReport;
  readonly error?: { readonly message: string };
}

const codes: { readonly [status: number]: ErrorCode } = { 401: 'unauthorized', 503: 'overloaded' };

/**
 * Lets a running Millrace compare its log with its store.
 *
 * @throws MillraceError `unauthorized`, `overloaded` (it compares already, or ends), `not_running`,
 *   `internal`.
 */
export async function askVerify(
  url: URL,
  { key, signal, onProgress }: AskVerifyOptions,
): Promise<VerifyReport> {
  const headers = key === undefined ? {} : { authorization: `Bearer ${key}` };
  const response = await fetch(url, { headers, signal }).catch((error: unknown) => {
    signal.throwIfAborted();
    throw new MillraceError('not_running', `Nothing answers at ${url.origin}.`, { cause: error });
  });
  if (!response.ok || response.body === null) {
    const said = await response.text();
    throw new MillraceError(codes[response.status] ?? 'internal', said);
  }
  for await (const text of createInterface({ input: Readable.fromWeb(response.body) })) {
    const line: VerifyLine = JSON.parse(text);
    if (line.progress) onProgress(line.progress);
    if (line.error) throw new MillraceError('internal', line.error.message);
    if (line.report) return line.report;
  }
  throw new MillraceError('not_running', `${url.origin} ended before it had compared everything.`);
}
