import { MillraceError } from '../errors.ts';
import { Backoff } from '../load/backoff.ts';
import { pause } from '../pause.ts';
import type { ArchiveEncoder } from '../ports/archive-encoder.ts';
import type { Clock } from '../ports/clock.ts';
import { type ReachCrashPoint, survive } from '../ports/crash-points.ts';
import type { LogReader } from '../ports/log.ts';
import type { ObjectStore } from '../ports/object-store.ts';
import { type ArchivedObject, objectName, type PartitionRange } from './archived-range.ts';
import type { Compactor } from './compactor.ts';
import { Manifest } from './manifest.ts';
import { placedLines } from './placed-lines.ts';

export interface ArchiverOptions {
  /** One partition of the clean log. */
  readonly log: LogReader;
  readonly partition: number;
  readonly objects: ObjectStore;
  readonly encoder: ArchiveEncoder;
  readonly clock: Clock;
  /** Whether the log always shows all that was ever in it: then an archive that has more is not its own. */
  readonly isWhole?: boolean;
  /** Brings the log's end up to date, where the log does not by itself. */
  readonly look?: () => Promise<void>;
  /** A range is archived once it has as many records, … */
  readonly rowsEnough?: number;
  /** … or has waited so long, in ms. */
  readonly waitMsMax?: number;
  /** Told of each range that it has brought there, and started and stopped with it. */
  readonly compactor?: Compactor | null;
  readonly reach?: ReachCrashPoint;
  /** Told of each failed try. */
  readonly onRetry: (what: string, error: unknown) => void;
}

/** Of the lines that are encoded at once. */
const bytesMax = 256 * 1024 * 1024;
const lookMs = 1_000;

/**
 * Brings a partition of the clean log into the archive, each event once.
 *
 * It says which range is next, writes that range's objects, and then that they
 * are there; each of these is written unless it is there already, under a name
 * that says what is in it. So after a crash the same is done again, and two that
 * do it at once, one of which should be dead, do the same.
 */
export class Archiver {
  readonly #options: Required<ArchiverOptions>;
  readonly #manifest: Manifest;
  readonly #stopping = new AbortController();
  readonly #backoff = new Backoff(200, 30_000);
  #running: Promise<void> | undefined;
  #archived: number | null = null;
  #wantedTo = 0;
  #failing: unknown = null;

  constructor(options: ArchiverOptions) {
    this.#options = {
      ...{ rowsEnough: 500_000, waitMsMax: 3_600_000, isWhole: false },
      ...{ look: async () => {}, compactor: null, reach: survive },
      ...options,
    };
    this.#manifest = new Manifest(options.objects);
  }

  /** The archive has every record before this offset; null while that is not known. */
  get archived(): number | null {
    return this.#archived;
  }

  /** Why the last try failed; null if it did not. */
  get failing(): unknown {
    return this.#failing;
  }

  start(): void {
    this.#running = this.#run();
    this.#options.compactor?.start();
  }

  /** Stops after the range under way, if any. The next start goes on from there. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all([this.#running, this.#options.compactor?.stop()]);
  }

  /** Archives what lies before an offset without waiting for more. */
  hurry(to: number): void {
    this.#wantedTo = Math.max(this.#wantedTo, to);
  }

  /** Archives what is in the log now, however little it is. */
  async flush(): Promise<void> {
    const { log, partition, rowsEnough } = this.#options;
    const { end } = log;
    for (let from = await this.#position(); from < end; ) {
      from = await this.#next({ partition, from, to: Math.min(end, from + rowsEnough) });
    }
  }

  async #run(): Promise<void> {
    const { partition, onRetry } = this.#options;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        const from = await this.#position();
        const to = await this.#enough(from);
        if (to !== null) await this.#next({ partition, from, to });
        this.#failing = null;
        this.#backoff.reset();
      } catch (error) {
        if (signal.aborted) return;
        this.#failing = error;
        onRetry(`partition ${partition} is not archived`, error);
        await this.#backoff.wait(signal);
      }
    }
  }

  /** Where to go on. What the log has forgotten, nobody can archive any more. */
  async #position(): Promise<number> {
    const { log, partition, isWhole, onRetry } = this.#options;
    const before = this.#archived ?? (await this.#manifest.end(partition)) ?? undefined;
    if (isWhole && before !== undefined && before > log.end) {
      throw new MillraceError(
        'archive_ahead',
        `The archive has events up to offset ${before}, and the log ends at ${log.end}.`,
      );
    }
    this.#archived = Math.max(before ?? 0, log.start);
    if (before !== undefined && before < log.start) {
      const what = `the log begins at ${log.start}, and the archive ends at ${before}`;
      onRetry(`partition ${partition} has a gap in the archive`, new Error(what));
    }
    return this.#archived;
  }

  /** Up to where to archive, once it is worth it; null when stopped before. */
  async #enough(from: number): Promise<number | null> {
    const { log, clock, look, rowsEnough, waitMsMax } = this.#options;
    const { signal } = this.#stopping;
    await log.waitPast(from, signal);
    const sinceMs = clock.now();
    while (!signal.aborted) {
      const { end } = log;
      if (end - from >= rowsEnough) return from + rowsEnough;
      if (from < this.#wantedTo) return end;
      if (clock.now() - sinceMs >= waitMsMax) return end;
      await pause(lookMs, signal);
      await look();
    }
    return null;
  }

  /** Of a range that was begun before: all of it, though the log may not show all of it yet. */
  async #linesOf(range: PartitionRange): Promise<Uint8Array> {
    const { log } = this.#options;
    const { signal } = this.#stopping;
    while (log.end < range.to) {
      await log.waitPast(log.end, signal);
      signal.throwIfAborted();
    }
    return (await placedLines(log, range, Number.MAX_SAFE_INTEGER)).lines;
  }

  async #next(wanted: PartitionRange): Promise<number> {
    const { log, encoder, objects, compactor, reach } = this.#options;
    const { lines, range: fitting } = await placedLines(log, wanted, bytesMax);
    const settled = await this.#manifest.begin(fitting);
    const all = settled.to === fitting.to ? lines : await this.#linesOf(settled);
    reach('archive-begun');
    const written: ArchivedObject[] = [];
    for (const { bytes, ...file } of await encoder.encode(all)) {
      const name = objectName(file, settled);
      await objects.create(name, bytes);
      reach('archive-written');
      written.push({ name, ...file, bytes: bytes.length });
    }
    const range = { ...settled, objects: written };
    const isFirst = await this.#manifest.note(range);
    // What another had ended long ago may be replaced by now.
    const names = written.map(({ name }) => name);
    if (!isFirst) await this.#manifest.removeUnseen(settled, names);
    reach('archive-noted');
    compactor?.added(range);
    this.#archived = settled.to;
    return settled.to;
  }
}
