import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { diskObjects } from '../../packages/millrace/src/adapters/objects/disk-objects.ts';
import { archivedLines } from '../../packages/millrace/src/archive/archived-lines.suite.ts';
import { Ledger, type LedgerEvent } from '../support/ledger.ts';
import { MillraceProcess, settled, status } from '../support/millrace-process.ts';
import { testSeed } from '../support/random.ts';

const pipeline = fileURLToPath(new URL('../support/ledger.config.ts', import.meta.url));
const seed = testSeed();

let disk: string;
beforeEach(() => {
  disk = mkdtempSync(join(tmpdir(), 'millrace-small-disk-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=192m', 'tmpfs', disk]);
});
afterEach(() => {
  execFileSync('umount', [disk]);
  rmdirSync(disk);
});

const until = async (condition: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20));
};

test(`a full disk refuses events with 503, breaks nothing, and recovers by itself (seed ${seed})`, async () => {
  const data = join(disk, 'data');
  const ballast = join(disk, 'ballast');
  const millrace = new MillraceProcess({ pipeline, data });
  try {
    const url = await millrace.url();
    const ledger = new Ledger();
    const closing = new AbortController();
    const writing = ledger.write('w', seed, () => url, closing.signal);
    await until(() => ledger.acknowledged.size > 200);

    // Somebody else takes the rest of the disk.
    fill(ballast);
    let probes = 0;
    const refused = async () => {
      probes += 1;
      const probe: LedgerEvent = {
        event_id: `probe-${probes}`,
        type: 'view',
        timestamp: Date.now(),
        user_id: 'u1',
        properties: { product_id: 'p1', price: '1.00' },
      };
      // Taken as long as there is room, it must be in the books as well.
      ledger.sent.set(probe.event_id, probe);
      const response = await fetch(`${url}/v1/events`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(probe),
      });
      if (response.status !== 503) return false;
      expect(response.headers.get('retry-after')).toMatch(/^\d+$/);
      expect(await response.json()).toMatchObject({ error: { code: 'log_full' } });
      return true;
    };
    await until(refused);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    const then = await status(url);

    rmSync(ballast);
    const known = ledger.acknowledged.size;
    await until(() => ledger.acknowledged.size > known + 200);
    closing.abort();
    await writing;
    const now = await settled(url);
    expect(now.stored).toBeGreaterThan(then.stored);
    await ledger.balance(url);
  } finally {
    await millrace.stop();
  }
});

test('killed while the disk is full, it comes up again and loses nothing', async () => {
  const data = join(disk, 'data');
  const ballast = join(disk, 'ballast');
  const ledger = new Ledger();
  const closing = new AbortController();
  let millrace = new MillraceProcess({ pipeline, data });
  let where: string | null = await millrace.url();
  const writing = ledger.write('w', seed, () => where, closing.signal);
  await until(() => ledger.acknowledged.size > 200);
  fill(ballast);
  const failures = ledger.unanswered;
  await until(() => ledger.unanswered > failures + 5);
  where = null;
  millrace.kill('SIGKILL');
  await millrace.exited;
  rmSync(ballast);
  millrace = new MillraceProcess({ pipeline, data });
  where = await millrace.url();
  const known = ledger.acknowledged.size;
  await until(() => ledger.acknowledged.size > known + 200);
  closing.abort();
  await writing;
  await settled(where);
  await ledger.balance(where);
  await millrace.stop();
});

test('a full disk of the archive alone stops the archiving, and nothing else', async () => {
  const data = mkdtempSync(join(tmpdir(), 'millrace-beside-a-full-disk-'));
  onTestFinished(() => rmSync(data, { recursive: true, force: true }));
  const archive = join(disk, 'archive');
  const ballast = join(disk, 'ballast');
  const millrace = new MillraceProcess({
    ...{ pipeline, data },
    args: ['--archive', archive, '--archive-seconds', '1'],
  });
  try {
    const url = await millrace.url();
    const ledger = new Ledger();
    const closing = new AbortController();
    const writing = ledger.write('w', seed, () => url, closing.signal);
    const lines = () => archivedLines(diskObjects(archive), 0);
    await until(async () => (await lines()).length > 200);
    fill(ballast);
    const problem = async (): Promise<string | null> =>
      (await status(url)).archive?.problem ?? null;
    await expect.poll(problem).toMatch(/ENOSPC.+\(archive_full\)$/);
    const { stored } = await status(url);
    await until(async () => (await status(url)).stored > stored + 200);
    expect((await fetch(`${url}/readyz`)).status).toBe(200);

    rmSync(ballast);
    closing.abort();
    await writing;
    await settled(url);
    await expect.poll(problem).toBeNull();
    await expect
      .poll(async () => (await status(url)).archive?.waiting, { timeout: 60_000 })
      .toBe(0);
    await ledger.balance(url);
    const ids = (await lines()).map((line): string => JSON.parse(line).event_id);
    expect(new Set(ids).size).toBe(ids.length);
    expect([...ledger.acknowledged].filter((id) => !ids.includes(id))).toEqual([]);
    const files = readdirSync(archive, { recursive: true }).map(String);
    expect(files.filter((name) => name.endsWith('.unfinished'))).toEqual([]);
  } finally {
    await millrace.stop();
  }
});

/** Writes until the disk holds no more. */
function fill(path: string): void {
  for (let size = 16 * 1024 * 1024, chunk = 0; size >= 4096; chunk += 1) {
    try {
      writeFileSync(path, Buffer.alloc(size, 1), { flag: 'a' });
    } catch (error) {
      if (!(error instanceof Error) || !('code' in error) || error.code !== 'ENOSPC') throw error;
      size = Math.floor(size / 2);
    }
    expect(chunk).toBeLessThan(1_000);
  }
}
