import { rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { diskObjects } from '../packages/millrace/src/adapters/objects/disk-objects.ts';
import { archivedLines } from '../packages/millrace/src/archive/archived-lines.suite.ts';
import { Manifest } from '../packages/millrace/src/archive/manifest.ts';
import { ArchivedFolder } from './support/archived-folder.ts';
import { runImport } from './support/import-process.ts';
import { Ledger } from './support/ledger.ts';
import { rows, settled, verified } from './support/millrace-process.ts';
import { testSeed } from './support/random.ts';

const pipeline = fileURLToPath(new URL('./support/ledger.config.ts', import.meta.url));

let folder: ArchivedFolder;
beforeEach(() => {
  folder = new ArchivedFolder(pipeline);
});
afterEach(() => folder.remove());

const seed = testSeed();
const points = ['archive-begun', 'archive-written', 'archive-noted'] as const;
/** In the order in which small objects that are put together pass them. */
const compactionPoints = [
  'replacement-begun',
  'replacement-written',
  'replacement-noted',
  'replacement-cleaned',
] as const;

describe(`the archive (seed ${seed})`, () => {
  test('has each event once, killed at each point of it', async () => {
    const ledger = new Ledger();
    const closing = new AbortController();
    let url: string | null = null;
    const writing = ledger.write('w', seed, () => url, closing.signal);
    for (const point of points) {
      const process = folder.start({ MILLRACE_CRASH_AT: `${point}:1` });
      url = await process.ready();
      expect((await process.exited).signal).toBe('SIGKILL');
      expect(process.errors).toContain(`crash point ${point} reached`);
    }
    const last = folder.start();
    url = await last.url();
    closing.abort();
    await writing;
    await settled(url);
    await ledger.balance(url, rows);
    await archived(url);
    const stored = await rows<{ event_id: string }>(
      url,
      'SELECT event_id FROM events ORDER BY _offset',
    );
    await last.stop();
    const lines = await archivedLines(diskObjects(folder.archive), 0);
    const ids = lines.map((line): unknown => JSON.parse(line).event_id);
    expect(ids).toEqual(stored.map(({ event_id }) => event_id));
    expect(ids.length).toBeGreaterThan(ledger.acknowledged.size - 1);
  });

  test('has each event once, killed at each point of putting small objects together', async () => {
    const ledger = new Ledger({ oldShare: 0 });
    const closing = new AbortController();
    let url: string | null = null;
    const writing = ledger.write('w', seed, () => url, closing.signal, 200);
    const compact = ['--archive-compact-ranges', '2'];
    for (const point of compactionPoints) {
      const process = folder.start({ MILLRACE_CRASH_AT: `${point}:1` }, compact);
      url = await process.ready();
      expect((await process.exited).signal).toBe('SIGKILL');
      expect(process.errors).toContain(`crash point ${point} reached`);
    }
    closing.abort();
    const last = folder.start({}, compact);
    url = await last.url();
    await writing;
    await settled(url);
    await archived(url);
    const objects = diskObjects(folder.archive);
    const seen = async (): Promise<readonly string[]> => {
      const ranges = await new Manifest(objects).ranges(0);
      return ranges.flatMap((range) => range.objects).map(({ name }) => name);
    };
    const leftOver = async (): Promise<readonly string[]> => {
      const names = new Set(await seen());
      return (await objects.list('events/')).filter((name) => !names.has(name));
    };
    await expect.poll(leftOver).toEqual([]);
    expect(await seen()).toContainEqual(expect.stringMatching(/\/r\d+-/));
    expect(await verified(url, { withArchive: true })).toMatchObject({
      ...{ equal: true, log: { missing: 0 } },
    });

    const replays = async (
      path: string,
      method: 'GET' | 'PUT',
    ): Promise<readonly SeenVersion[]> => {
      const response = await fetch(`${url}/v1/replays${path}`, { method });
      const answer: { readonly versions: readonly SeenVersion[] } = JSON.parse(
        await response.text(),
      );
      return answer.versions;
    };
    await replays('/by_minute?from=archive', 'PUT');
    const isSeen = async (): Promise<boolean> =>
      (await replays('', 'GET')).some(({ from, state }) => from === 'archive' && state === 'ready');
    await expect.poll(isSeen).toBe(true);
    await ledger.balance(url, rows);
    expect((await last.stop()).code).toBe(0);
  });

  test('keeps the log from forgetting what it lacks', async () => {
    // A file where the archive's folder should be.
    writeFileSync(folder.archive, '');
    const running = folder.start({}, ['--log-retention-hours', '0', '--log-segment-mb', '1']);
    const url = await running.url();
    const product_id = 'p'.repeat(2_000);
    const send = async (): Promise<void> => {
      const events = Array.from({ length: 1_000 }, () => ({
        ...{ type: 'view', properties: { product_id, price: '1.00' } },
      }));
      const response = await fetch(`${url}/v1/events`, {
        ...{ method: 'POST', body: JSON.stringify(events) },
      });
      expect(response.status).toBe(200);
    };
    for (let batch = 0; batch < 3; batch += 1) await send();
    await settled(url);
    const problem = async () => (await archiveOf(url)).problem;
    await expect.poll(problem).toMatch(/cannot be listed/);
    expect((await archiveOf(url)).waiting).toBeNull();
    rmSync(folder.archive);
    await archived(url);
    expect((await archiveOf(url)).problem).toBeNull();
    // Now it may, and does.
    const logBytes = async () => (await statusOf(url)).sizes.log_bytes;
    const before = await logBytes();
    await send();
    await expect.poll(logBytes).toBeLessThan(before);
    await archived(url);
    await running.stop();
    expect(await archivedLines(diskObjects(folder.archive), 0)).toHaveLength(4_000);
  });

  test('lacks nothing of an import that ran while nothing else had the folder', async () => {
    writeFileSync(folder.archive, '');
    const file = folder.beside('views.csv');
    const product = 'p'.repeat(2_000);
    const views = Array.from({ length: 3_000 }, (_, n) => `v${n},${product},1.00\n`);
    writeFileSync(file, `id,product,price\n${views.join('')}`);
    const imported = await runImport({
      ...{ file, data: folder.data },
      pipeline: '../tests/support/ledger.config.ts',
      mapping: '../tests/support/ledger-import.ts',
      flags: [
        ...['--archive', folder.archive],
        ...['--log-retention-hours', '0', '--log-segment-mb', '1'],
      ],
    });
    expect([imported.code, imported.stderr]).toEqual([
      0,
      expect.stringContaining('cannot be listed'),
    ]);
    rmSync(folder.archive);
    const running = folder.start();
    await archived(await running.url());
    await running.stop();
    expect(await archivedLines(diskObjects(folder.archive), 0)).toHaveLength(3_000);
  });
});

interface SeenVersion {
  readonly from: string | null;
  readonly state: string;
}

interface SeenStatus {
  readonly archive: { readonly waiting: number; readonly problem: string | null };
  readonly sizes: { readonly log_bytes: number };
}

async function statusOf(url: string): Promise<SeenStatus> {
  const seen: SeenStatus = JSON.parse(await (await fetch(`${url}/v1/status`)).text());
  return seen;
}

const archiveOf = async (url: string): Promise<SeenStatus['archive']> =>
  (await statusOf(url)).archive;

/** Waits until the archive has everything. */
async function archived(url: string): Promise<void> {
  const waiting = async () => (await archiveOf(url)).waiting;
  await expect.poll(waiting).toBe(0);
}
