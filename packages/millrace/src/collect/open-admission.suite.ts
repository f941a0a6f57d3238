import { type AdmissionOptions, createAdmission } from './admission.ts';

/** For tests of something else: there is room for everybody. */
export const openAdmission = (options: Partial<AdmissionOptions> = {}) =>
  createAdmission({
    log: { end: 0 },
    reader: { committed: 0, settled: async () => {} },
    recordsMax: 0,
    bytesMax: Number.POSITIVE_INFINITY,
    waitMsMax: 10_000,
    ...options,
  });
