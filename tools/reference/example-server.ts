import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { settings } from '../../packages/millrace/src/cli/settings.ts';
import { serveEmbedded } from '../../packages/millrace/src/runtime/serve-embedded.ts';

export interface ExampleServer {
  /** The text that a path answers to one with a read key. */
  get(path: string): Promise<string>;
  close(): Promise<void>;
}

const readKey = 'r';

/** The pipeline of `example.config.ts`, running: what the reference says is what this one says. */
export async function exampleServer(): Promise<ExampleServer> {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-reference-'));
  const running = await serveEmbedded(
    {
      pipeline: fileURLToPath(new URL('example.config.ts', import.meta.url)),
      data: folder,
      host: '127.0.0.1',
      port: 0,
      writeKeys: ['w'],
      readKeys: [readKey],
      webhookSecret: 'a long secret that nobody knows but the receiver',
      dedupMemoryMb: 64,
      storeMemoryMb: settings.storeMemoryMb.fallback,
      questionRowsMax: 1_000_000,
      logRetentionHours: settings.logRetentionHours.fallback,
      deadLetterRetentionDays: settings.deadLetterRetentionDays.fallback,
      logSegmentMb: settings.logSegmentMb.fallback,
      archive: settings.archive.fallback,
      archiveSeconds: settings.archiveSeconds.fallback,
      archiveCompactRanges: settings.archiveCompactRanges.fallback,
      s3Endpoint: settings.s3Endpoint.fallback,
    },
    (what, error) => {
      throw new Error(what, { cause: error });
    },
    () => {},
  );
  return {
    async get(path) {
      const response = await fetch(`${running.url}${path}`, {
        headers: { authorization: `Bearer ${readKey}` },
      });
      const text = await response.text();
      if (response.ok) return text;
      throw new Error(`${path} answers ${response.status}: ${text}`);
    },
    async close() {
      await running.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
