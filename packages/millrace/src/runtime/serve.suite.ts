import { type Running, type ServeSettings, serveEmbedded } from './serve-embedded.ts';

/** Serves a pipeline to a test that reads with the key `r`; any problem is the test's. */
export const serveForTest = (
  settings: Pick<ServeSettings, 'pipeline' | 'data' | 'writeKeys'> &
    Partial<Pick<ServeSettings, 'readKeys'>>,
): Promise<Running> =>
  serveEmbedded(
    {
      host: '127.0.0.1',
      port: 0,
      readKeys: ['r'],
      ...settings,
      webhookSecret: '',
      dedupMemoryMb: 64,
      storeMemoryMb: 1_024,
      questionRowsMax: 1_000_000,
      logRetentionHours: 24,
      deadLetterRetentionDays: 90,
      logSegmentMb: 64,
      archive: '',
      archiveSeconds: 3_600,
      archiveCompactRanges: 24,
      s3Endpoint: '',
    },
    (what, error) => {
      throw new Error(what, { cause: error });
    },
    () => {},
  );
