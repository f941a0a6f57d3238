import type { VerifyProgress, VerifyReport } from '../../../../millrace/dist/verify/report.js';
import { Refused } from '../../api/ask.ts';
import { streamLines } from '../../api/stream.ts';

export type { VerifyProgress, VerifyReport };

interface Line {
  readonly progress?: VerifyProgress;
  readonly report?: VerifyReport;
  readonly error?: { readonly message: string };
}

/** Compares for as long as somebody listens. */
export async function verify(
  signal: AbortSignal,
  onProgress: (progress: VerifyProgress) => void,
): Promise<VerifyReport> {
  for await (const text of streamLines('/v1/verify', signal)) {
    const { progress, report, error }: Line = JSON.parse(text);
    if (progress !== undefined) onProgress(progress);
    if (error !== undefined) throw new Refused(error);
    if (report !== undefined) return report;
  }
  throw new Refused({ message: '' });
}
