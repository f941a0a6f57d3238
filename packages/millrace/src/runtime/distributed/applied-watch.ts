import { setTimeout as sleep } from 'node:timers/promises';
import type { KafkaAddress } from '../../adapters/kafka/brokers.ts';
import { JournalFollower } from '../../adapters/kafka/journal.ts';
import { topicNames } from '../../compile/kafka/topics.ts';
import type { Plan } from '../../plan/plan.ts';
import { every, type Recurring } from '../every.ts';
import { type Applied, type AppliedSoFar, afterEntry, nothingSoFar } from './apply/applied.ts';
import { placed } from './apply/claim.ts';

const lookMs = 500;

export interface AppliedWatchOptions {
  readonly kafka: KafkaAddress;
  /** Of any version of the pipeline. */
  readonly plan: Plan;
  /** How long Kafka is asked again at first while it does not answer. */
  readonly patienceMs: number;
  readonly onProblem: (what: string, error: unknown) => void;
}

/** Knows what was applied, half a second later at most. */
export class AppliedWatch {
  readonly #options: AppliedWatchOptions;
  readonly #follower: JournalFollower<AppliedSoFar>;
  #applied: Applied | null = null;
  #looking: Recurring | null = null;
  #failed = false;

  private constructor(options: AppliedWatchOptions) {
    this.#options = options;
    const { kafka, plan } = options;
    this.#follower = new JournalFollower({
      ...{ ...kafka, topic: topicNames(plan).applied, begin: nothingSoFar },
      after: (so, entry) => afterEntry(so, placed(entry)),
    });
  }

  static async open(options: AppliedWatchOptions): Promise<AppliedWatch> {
    const watch = new AppliedWatch(options);
    const untilMs = performance.now() + options.patienceMs;
    for (;;) {
      try {
        await watch.#look();
        return watch;
      } catch (error) {
        watch.#tell('what was applied is not known', error);
        if (performance.now() + lookMs > untilMs) return watch;
        await sleep(lookMs);
      }
    }
  }

  /** As it was heard last; null while Kafka never answered. */
  get applied(): Applied | null {
    return this.#applied;
  }

  /** @param onChange told of what is applied now, and whenever that is something else; again, if it fails. */
  start(onChange: (applied: Applied) => Promise<void> = async () => {}): void {
    let told: Applied | null = null;
    this.#looking = every(
      lookMs,
      async () => {
        const applied = await this.#look();
        if (applied !== told) await onChange(applied);
        told = applied;
        this.#failed = false;
      },
      (error) => this.#tell('what was applied is not followed', error),
    );
  }

  async stop(): Promise<void> {
    await this.#looking?.stop();
    await this.#follower.close();
  }

  async #look(): Promise<Applied> {
    const { applied } = await this.#follower.look();
    this.#applied = applied;
    return applied;
  }

  /** Said once, and not twice a second for hours. */
  #tell(what: string, error: unknown): void {
    if (!this.#failed) this.#options.onProblem(what, error);
    this.#failed = true;
  }
}
