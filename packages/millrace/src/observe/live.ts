import type { LogReader } from '../ports/log.ts';
import type { Status } from './status.ts';

/** What a page shows moving, of the whole pipeline. */
export type LiveNumbers = Pick<
  Status,
  | 'accepted'
  | 'stored'
  | 'duplicates'
  | 'late'
  | 'dead_letters'
  | 'events_per_second'
  | 'lag_ms'
  | 'problem'
>;

/** The newest events of the log, as their lines have them. */
export interface NewestEvents {
  /** One past the newest in the log. */
  readonly end: number;
  readonly events: readonly LiveEvent[];
}

export interface LiveEvent {
  readonly offset: number;
  /** Canonical JSON: what is absent is left out, times are epoch ms. */
  readonly line: string;
}

export interface LiveReading {
  readonly numbers: LiveNumbers;
  readonly newest: NewestEvents;
}

const newestMax = 20;
/** Of large events fewer are shown. */
const newestBytesMax = 1024 * 1024;

/**
 * How the pipeline is doing now, and what came last.
 *
 * @param log null where this process reads none: there are no newest events then.
 */
export async function readLive(
  status: () => Promise<Status>,
  log: LogReader | null,
): Promise<LiveReading> {
  const newest = log === null ? { end: 0, events: [] } : await newestOf(log);
  return { numbers: numbersOf(await status()), newest };
}

async function newestOf(log: LogReader): Promise<NewestEvents> {
  const { start, end } = log;
  const wanted = Math.max(start, end - newestMax);
  if (wanted >= end) return { end, events: [] };
  const events: LiveEvent[] = [];
  let bytesMax = newestBytesMax;
  // It may skip offsets.
  for (let next = wanted; next < end && bytesMax > 0; ) {
    const { from, to, lines } = await log.read(next, { rowsMax: newestMax, bytesMax });
    const texts = Buffer.from(lines).toString().split('\n').filter(Boolean);
    events.push(...texts.map((line, i) => ({ offset: from + i, line })));
    bytesMax -= lines.length;
    next = to;
  }
  return { end, events };
}

const numbersOf = (status: Status): LiveNumbers => ({
  accepted: status.accepted,
  stored: status.stored,
  duplicates: status.duplicates,
  late: status.late,
  dead_letters: status.dead_letters,
  events_per_second: status.events_per_second,
  lag_ms: status.lag_ms,
  problem: status.problem,
});
