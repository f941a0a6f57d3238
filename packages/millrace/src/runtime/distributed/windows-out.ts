import { resultsBehindMs } from '../../compile/flink/window-job.ts';
import { MillraceError } from '../../errors.ts';
import { pause } from '../../pause.ts';
import type { Plan } from '../../plan/plan.ts';
import type { WindowResultsOptions } from '../../windows/window-results.ts';
import type { CompletenessWatch } from './completeness-watch.ts';

const lookAgainMs = 500;

/**
 * Up to which ends the results of windows that Flink computes are in their tables.
 *
 * @param plan with the versions of windows that are watched.
 */
export function windowsOut(
  plan: () => Plan,
  watch: Pick<CompletenessWatch, 'asOfMs'>,
): WindowResultsOptions['runner'] {
  const emittedMs = (table: string): number => {
    const heartbeatMs = watch.asOfMs(table);
    const now = plan();
    const window = now.windows.find((one) => one.table === table);
    if (heartbeatMs === null || window === undefined)
      throw new MillraceError(
        'log_unavailable',
        'It is not known yet which results are out: Kafka has not told how far the loaders are.',
      );
    return heartbeatMs - resultsBehindMs(window, now);
  };
  return {
    emittedMs,
    async emittedPast(table, pastMs, signal) {
      while (!signal.aborted && emittedMs(table) <= pastMs) await pause(lookAgainMs, signal);
    },
  };
}
