import type { Clock } from '../ports/clock.ts';
import { firstWholeHour, hourText } from './hours.ts';
import type { RollupReport, VerifyProgress, VerifyReport } from './report.ts';
import { verifyEvents } from './verify-events.ts';
import type { VerifyEventsOptions } from './verify-events-options.ts';
import { type RollupStatements, type VerifyRollupOptions, verifyRollup } from './verify-rollup.ts';

export interface VerifyOptions
  extends Omit<
      VerifyEventsOptions,
      'cut' | 'keptFromHour' | 'onProgress' | 'signal' | 'statements'
    >,
    Pick<VerifyRollupOptions, 'atRest' | 'ready' | 'eventsGoneBeforeMs' | 'forgottenCountedIn'> {
  readonly clock: Clock;
  /** The names of rollups. */
  readonly rollups: readonly string[];
  /** One past the newest record that is stored. */
  readonly committed: () => number;
  /** Resolves once every dead letter that there is can be asked for. */
  readonly lettersStored: (signal: AbortSignal) => Promise<void>;
  readonly statements: VerifyEventsOptions['statements'] &
    RollupStatements & {
      /** Makes room for copies of rollups, and gives it back. */
      readonly createCopies: readonly string[];
      readonly dropCopies: string;
    };
}

/** Compares the log with what is stored, up to what is stored now. */
export type Verify = (
  onProgress: (progress: VerifyProgress) => void,
  signal: AbortSignal,
) => Promise<VerifyReport>;

export const createVerify =
  (options: VerifyOptions): Verify =>
  async (onProgress, signal) => {
    const { committed, lettersStored, eventsGoneBeforeMs } = options;
    const startedAt = performance.now();
    const cut = committed();
    await lettersStored(signal);
    const keptFromHour = (): number => firstWholeHour(eventsGoneBeforeMs());
    const events = await verifyEvents({ ...options, cut, keptFromHour, onProgress, signal });
    const rollups = await verifyRollups(options, onProgress, signal);
    return {
      equal: [events, ...rollups].every(({ differing }) => differing === 0),
      log: {
        from: events.from,
        to: cut,
        events: events.events,
        refused: events.refused,
        missing: events.missing,
        forgotten: events.forgotten,
      },
      hours: events.hours,
      kept_since: hourText(keptFromHour()),
      differences: events.differences,
      differing: events.differing,
      rollups,
      being_filled: options.rollups.filter((name) =>
        rollups.every(({ rollup }) => rollup !== name),
      ),
      elapsed_ms: Math.round(performance.now() - startedAt),
    };
  };

async function verifyRollups(
  { rollups, clock, ...options }: VerifyOptions,
  onProgress: (progress: VerifyProgress) => void,
  signal: AbortSignal,
): Promise<readonly RollupReport[]> {
  const { store, statements, ready } = options;
  const each = { ...options, nowMs: () => clock.now(), onProgress, signal };
  const reports: RollupReport[] = [];
  if (rollups.length === 0) return reports;
  try {
    for (const statement of statements.createCopies) await store.define(statement);
    for (const name of rollups) {
      let report: RollupReport | null = null;
      for (let place = ready(name); place && report === null; place = ready(name)) {
        report = await verifyRollup(place, each);
      }
      if (report !== null) reports.push(report);
    }
  } finally {
    await store.define(statements.dropCopies);
  }
  return reports;
}
