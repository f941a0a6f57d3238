import { Loader, type LoaderOptions } from '../load/loader.ts';
import type { CrashPoint, ReachCrashPoint } from '../ports/crash-points.ts';

export interface LoadAgainOptions
  extends Pick<LoaderOptions, 'log' | 'store' | 'progress' | 'clock' | 'partition'> {
  /** Of the version, which tokens are named after. */
  readonly table: string;
  /** What events are inserted into so that they get into the version alone, and the columns they give. */
  readonly source: string;
  readonly columns: readonly string[];
  /** One past the last offset that it is to have. */
  readonly upTo: number;
  readonly rowsMax?: number;
  readonly reach: ReachCrashPoint;
  /** Told of an event that the store does not take. */
  readonly onLeftOut: (offset: number, reason: string) => void;
  readonly onRetry: (what: string, error: unknown) => void;
}

/** The loader's, as those of a replay. */
const points: { readonly [point in CrashPoint]?: CrashPoint } = {
  'load-intended': 'replay-intended',
  'load-inserted': 'replay-inserted',
};

/** Loads a partition of a log into a version of a rollup, or the history of one of a window, until it has all, or the signal aborts. */
export async function loadAgain(
  { table, source, upTo, rowsMax, reach, onLeftOut, onRetry, ...options }: LoadAgainOptions,
  signal: AbortSignal,
): Promise<void> {
  const loader = new Loader({
    ...options,
    table: source,
    topic: `replays/${table}`,
    ...(rowsMax === undefined ? {} : { rowsMax, rowsEnough: rowsMax, rowsEnoughBeside: rowsMax }),
    refuse: async ({ offset, reason }) => onLeftOut(offset, reason),
    reach: (point) => {
      const own = points[point];
      if (own !== undefined) reach(own);
    },
    onRetry: (error, { from, to }) =>
      onRetry(`the replay of offsets ${from} to ${to} into ${table} waits`, error),
  });
  await loader.resume();
  loader.start();
  try {
    await loader.settled(upTo, signal);
  } finally {
    await loader.stop();
  }
}
