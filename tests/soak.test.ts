import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MillraceProcess, rows, settled, verified } from './support/millrace-process.ts';
import { pace } from './support/pacer.ts';
import { folderBytes, memoryBytes, openFiles } from './support/process-numbers.ts';
import { type Point, slope } from './support/slope.ts';

const pipeline = fileURLToPath(new URL('./support/soak.config.ts', import.meta.url));
/** `npm run test:long` asks for 20 minutes. */
const seconds = Number(process.env.MILLRACE_TEST_SOAK_SECONDS ?? 12);
const restarts = 4;
const senders = 16;
const eventsPerRequest = 500;
/** While the full rate is measured. */
const fullSpeedSeconds = Math.max(4, seconds / 60);

const memoryMbMax = 1_024 + 256 + 1_024;
/** Sockets of the senders, the log, the ids on disk, and what the engine has open of its parts. */
const openFilesMax = 1_000;

interface Sample {
  /** Since the soak began. */
  readonly minute: number;
  readonly memoryMb: number;
  readonly files: number;
  readonly diskBytesPerEvent: number;
  readonly answerMs: number;
}

describe(`at half of the rate it can bear, for ${seconds} s with ${restarts} restarts`, () => {
  const data = mkdtempSync(join(tmpdir(), 'millrace-soak-'));
  let millrace: MillraceProcess;
  let url: string | null;

  const start = async (): Promise<void> => {
    const args = ['--store-memory-mb', '1024', '--dedup-memory-mb', '256', '--log-segment-mb', '8'];
    // The log keeps nothing that is stored, so that its disk is seen to be given back.
    millrace = new MillraceProcess({
      pipeline,
      data,
      args: [...args, '--log-retention-hours', '0'],
    });
    url = await millrace.url();
  };
  beforeAll(start);
  afterAll(async () => {
    await millrace.stop();
    rmSync(data, { recursive: true, force: true });
  });

  /** Sends with all senders until the signal; the serials that each has used, by its name. */
  async function sendAll(
    name: string,
    eventsPerSecond: number,
    onAnswer: (tookMs: number) => void,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, number>> {
    const names = Array.from({ length: senders }, (_, at) => `${name}${10 + at}`);
    const sent = names.map(async (sender) => {
      const each = eventsPerSecond / senders;
      const to = { sender, eventsPerRequest, eventsPerSecond: each, where: () => url, onAnswer };
      return [sender, await pace(to, signal)] as const;
    });
    return new Map(await Promise.all(sent));
  }

  test(
    'everything is there once, and nothing grows',
    async () => {
      const atFullSpeed = await sendAll(
        'full',
        Number.POSITIVE_INFINITY,
        () => {},
        AbortSignal.timeout(fullSpeedSeconds * 1_000),
      );
      const halfRate = total(atFullSpeed) / fullSpeedSeconds / 2;

      const over = new AbortController();
      let answers: number[] = [];
      let acknowledged = total(atFullSpeed);
      const sending = sendAll(
        'half',
        halfRate,
        (tookMs) => {
          answers.push(tookMs);
          acknowledged += eventsPerRequest;
        },
        over.signal,
      );
      const samples: Sample[] = [];
      const from = performance.now();
      const elapsedS = (): number => (performance.now() - from) / 1_000;
      const sampleSeconds = Math.max(0.5, seconds / 200);
      for (let restarted = 0; elapsedS() < seconds; ) {
        if (elapsedS() > ((restarted + 1) * seconds) / (restarts + 1)) {
          // In turn as Ctrl-C does it, and as the kernel does when memory runs out.
          millrace.kill(restarted % 2 === 0 ? 'SIGINT' : 'SIGKILL');
          url = null;
          await millrace.exited;
          restarted += 1;
          await start();
          continue;
        }
        answers = [];
        await sleep(sampleSeconds * 1_000);
        answers.sort((a, b) => a - b);
        const middle = answers[Math.floor(answers.length / 2)];
        if (middle === undefined) continue;
        samples.push({
          minute: elapsedS() / 60,
          memoryMb: memoryBytes(millrace.pid) / 1024 ** 2,
          files: openFiles(millrace.pid),
          diskBytesPerEvent: folderBytes(data) / acknowledged,
          answerMs: middle,
        });
      }
      over.abort();
      const atHalfRate = await sending;
      if (url === null) throw new Error('it does not run');
      await settled(url);
      expect(millrace.errors).toBe('');

      const expected = [...atFullSpeed, ...atHalfRate].map(([sender, events]) => ({
        sender,
        events: String(events),
        serials: String((BigInt(events) * BigInt(events - 1)) / 2n),
        last: String(events - 1),
      }));
      const stored = await rows(
        url,
        `SELECT properties.sender AS sender, count() AS events, sum(properties.serial) AS serials,
                max(properties.serial) AS last
         FROM events GROUP BY sender ORDER BY sender`,
      );
      expect(stored).toEqual(expected);
      const rolledUp = await rows(
        url,
        `SELECT sender, sum(events) AS events, sum(serials) AS serials
         FROM by_sender GROUP BY sender ORDER BY sender`,
      );
      expect(rolledUp).toEqual(expected.map(({ last: _, ...each }) => each));
      expect(await verified(url)).toMatchObject({ equal: true, log: { to: acknowledged } });

      console.info(report(samples, halfRate, acknowledged));
      expect(Math.max(...samples.map(({ memoryMb }) => memoryMb))).toBeLessThan(memoryMbMax);
      expect(Math.max(...samples.map(({ files }) => files))).toBeLessThan(openFilesMax);
    },
    (seconds + 300) * 1_000,
  );
});

const total = (sent: ReadonlyMap<string, number>): number =>
  [...sent.values()].reduce((sum, events) => sum + events, 0);

/** Slopes over the second half, when what is filled once is full. */
function report(samples: readonly Sample[], rate: number, events: number): string {
  const half = samples.slice(Math.floor(samples.length / 2));
  const line = (what: string, of: (sample: Sample) => number): string => {
    const points = half.map((sample): Point => ({ x: sample.minute, y: of(sample) }));
    if (points.length < 10) return `${what}: too short a time to tell`;
    const all = samples.map(of);
    const [least, most] = [Math.min(...all), Math.max(...all)].map((value) => value.toFixed(1));
    return `${what}: ${least} to ${most}, ${slope(points).toFixed(2)} a minute over the second half`;
  };
  return [
    `${events} events, ${Math.round(rate)} a second`,
    line('memory, MB', (sample) => sample.memoryMb),
    line('open files', (sample) => sample.files),
    line('disk, bytes an event', (sample) => sample.diskBytesPerEvent),
    line('answer, median ms', (sample) => sample.answerMs),
  ].join('\n');
}
