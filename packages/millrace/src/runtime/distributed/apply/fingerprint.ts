import { createHash } from 'node:crypto';
import type { FlinkJob } from '../../../compile/flink/job.ts';

/** The parameter by which a job in Flink says what it was submitted as. */
export const fingerprintParameter = 'millrace.fingerprint';

/** Tells a job whose text or settings changed from one that is as it was. */
export const fingerprintOf = ({ settings, statements }: FlinkJob): string =>
  createHash('sha256')
    .update(JSON.stringify([Object.entries(settings).toSorted(byName), statements]))
    .digest('hex')
    .slice(0, 16);

const byName = ([a]: readonly [string, string], [b]: readonly [string, string]): number =>
  a < b ? -1 : 1;
