import type { RetryReceipt } from '../../../../millrace/dist/collect/retry-letters.js';
import type {
  CodeCount,
  Letter,
  LetterSummary,
} from '../../../../millrace/dist/collect/stored-letters.js';
import { askJson } from '../../api/ask.ts';

export type { CodeCount, LetterSummary };

export interface LettersAnswer {
  readonly counts: readonly CodeCount[];
  readonly letters: readonly LetterSummary[];
}

export interface LettersAsked {
  /** All if null. */
  readonly code: string | null;
  readonly before: string | null;
}

export const pageSize = 20;

export async function askLetters(
  { code, before }: LettersAsked,
  signal: AbortSignal,
): Promise<LettersAnswer> {
  const page = new URLSearchParams({
    limit: String(pageSize),
    ...(code === null ? {} : { code }),
    ...(before === null ? {} : { before }),
  });
  // Of every code, so that another can be chosen.
  const [{ letters }, { counts }] = await Promise.all([
    askJson<LettersAnswer>(`/v1/dead-letters?${page}`, { signal }),
    askJson<LettersAnswer>('/v1/dead-letters?limit=0', { signal }),
  ]);
  return { counts, letters };
}

/** The bytes of a letter as they came; what is no UTF-8 is marked. */
export async function askRaw(id: string, signal: AbortSignal): Promise<string> {
  const { raw_base64 } = await askJson<Letter>(`/v1/dead-letters/${id}`, { signal });
  return new TextDecoder().decode(Uint8Array.from(atob(raw_base64), (one) => one.charCodeAt(0)));
}

export interface Retried {
  readonly accepted: number;
  readonly duplicates: number;
  readonly rejected: number;
}

/** Sends letters through the checks again, slice by slice. */
export async function retryLetters(
  filter: { readonly id: string } | { readonly code: string } | Record<string, never>,
): Promise<Retried> {
  let total: Retried = { accepted: 0, duplicates: 0, rejected: 0 };
  for (let after: string | null = null; ; ) {
    const asked = new URLSearchParams({ ...filter, ...(after === null ? {} : { after }) });
    const receipt: RetryReceipt = await askJson(`/v1/dead-letters/retry?${asked}`, {
      method: 'PUT',
    });
    total = {
      accepted: total.accepted + receipt.accepted,
      duplicates: total.duplicates + receipt.duplicates,
      rejected: total.rejected + receipt.rejected.length,
    };
    after = receipt.last;
    if (after === null) return total;
  }
}
