import type { Collector } from '../collect/collector.ts';
import { Backoff } from '../load/backoff.ts';
import { type ReachCrashPoint, survive } from '../ports/crash-points.ts';
import type { IngestReader } from '../ports/ingest-reader.ts';
import type { ProgressKeeper } from '../ports/progress.ts';
import { ingestBatch } from './ingest-batch.ts';

export interface GateOptions {
  readonly reader: IngestReader;
  readonly topic: string;
  readonly partition: number;
  /** Fenced: who lost the partition can save nothing. */
  readonly progress: ProgressKeeper;
  readonly collector: Pick<Collector, 'collect' | 'limits'>;
  readonly reach?: ReachCrashPoint;
  /** Told of each failed try. */
  readonly onRetry: (what: string, error: unknown) => void;
}

/**
 * Lets records of a topic that others write into the pipeline: checks them as
 * the collector does, and commits once they are in the raw log.
 *
 * After a crash some are let in again. They are the same events under the same
 * ids, which the stage behind the raw log tells from each other.
 */
export class Gate {
  readonly #options: Required<GateOptions>;
  readonly #stopping = new AbortController();
  readonly #backoff = new Backoff(100, 5_000);
  #running: Promise<void> | undefined;
  #failing: unknown = null;

  constructor(options: GateOptions) {
    this.#options = { reach: survive, ...options };
  }

  /** Why nothing gets in; null when all is well. */
  get failing(): unknown {
    return this.#failing;
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Ends after the records under way. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { topic, partition, progress, reader, onRetry } = this.#options;
    const { signal } = this.#stopping;
    let from: number | undefined;
    while (!signal.aborted) {
      try {
        from ??= (await progress.read()).committed;
        await reader.waitPast(from, signal);
        if (signal.aborted) return;
        from = await this.#letIn(from);
        this.#failing = null;
        this.#backoff.reset();
      } catch (error) {
        this.#failing = error;
        onRetry(`${topic}/${partition} waits`, error);
        await this.#backoff.wait(signal);
      }
    }
  }

  /** @returns where to go on. */
  async #letIn(from: number): Promise<number> {
    const { reader, topic, partition, collector, progress, reach } = this.#options;
    const { records, to } = await reader.records(from);
    // All at once, so that they go together, and in their order.
    const collecting = records.map((record) => {
      const place = { topic, partition, offset: record.offset };
      return collector.collect(ingestBatch(record, place, collector.limits));
    });
    await Promise.all(collecting);
    reach('gate-let-in');
    await progress.save({ committed: to, intents: [] });
    return to;
  }
}
