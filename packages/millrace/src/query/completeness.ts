import type { GroupReading, Offsets } from '../ports/log-offsets.ts';

/**
 * A step on the way to a table: a group that reads a log. What it has committed
 * is in the log of the next step, though perhaps in a transaction that is open
 * yet; or, behind the last step, in the table.
 */
export interface Step extends GroupReading {
  /**
   * How long (ms) it may keep what it has committed in its own state first, as a
   * job does that adds up what comes within a second. Then it counts once it has
   * committed something that came to its log after that time: only this shows
   * that it has gone on since, whatever crashed.
   */
  readonly holdsMs?: number;
}

/** What was seen of the logs, read in the order of these members. */
export interface Sighting {
  /** All that the first log had by then (epoch ms) it had before anything was read. */
  readonly timeMs: number;
  readonly committed: (step: Step) => Offsets;
  readonly ends: (log: string) => Offsets;
}

/** A moment that the table is on its way to. */
interface Mark {
  readonly timeMs: number;
  /** The step that everything the first log had by then has to pass yet. */
  readonly step: number;
  readonly waits: Wait;
}

/** For the step to commit up to these offsets; then, if it holds things back, for that long, and for anything beyond. */
type Wait =
  | { readonly for: 'all'; readonly until: Offsets }
  | { readonly for: 'time'; readonly untilMs: number | null }
  | { readonly for: 'more'; readonly than: Offsets };

/** Up to when a table has everything, and what is known of later moments. */
export interface Completeness {
  /** Everything that the first log had by then (epoch ms) is in the table; null while that is not known. */
  readonly asOfMs: number | null;
  /** The oldest first. */
  readonly marks: readonly Mark[];
}

export const nothingSeen: Completeness = { asOfMs: null, marks: [] };

/** While a step stands still for hours, moments beyond this many are left out. */
const marksMax = 200;

/**
 * Each sighting begins a mark at the end of the first log. A step that has
 * committed as far hands it on, at the end that the next log had after that: what
 * the step had written lies before it, and in what order transactions end is of
 * no matter, because readers pass none that is open.
 */
export function seen(
  { asOfMs, marks }: Completeness,
  steps: readonly Step[],
  sighting: Sighting,
): Completeness {
  const [first] = steps;
  if (first === undefined) throw new RangeError('a table is filled by at least one step');
  const { timeMs } = sighting;
  const begun: Mark = { timeMs, step: 0, waits: { for: 'all', until: sighting.ends(first.log) } };
  const moved = [...marks, begun].map((mark) => handedOn(mark, steps, sighting));
  const arrived = moved.filter(({ step }) => step === steps.length);
  const asOf = Math.max(asOfMs ?? Number.NEGATIVE_INFINITY, ...arrived.map((mark) => mark.timeMs));
  const onTheirWay = moved.filter((mark) => mark.step < steps.length && mark.timeMs > asOf);
  return {
    asOfMs: Number.isFinite(asOf) ? asOf : null,
    marks: thinned(onTheirWay.filter((mark, at) => !isNeedless(mark, onTheirWay[at + 1]))),
  };
}

function handedOn(mark: Mark, steps: readonly Step[], sighting: Sighting): Mark {
  const step = steps[mark.step];
  if (step === undefined) return mark;
  const { waits } = mark;
  const committed = sighting.committed(step);
  switch (waits.for) {
    case 'all': {
      if (!reaches(committed, waits.until)) return mark;
      if (step.holdsMs === undefined) break;
      // By the next sighting it is sure to be past.
      return { ...mark, waits: { for: 'time', untilMs: null } };
    }
    case 'time': {
      const { timeMs } = sighting;
      const untilMs = waits.untilMs ?? timeMs + (step.holdsMs ?? 0);
      if (timeMs < untilMs) return { ...mark, waits: { for: 'time', untilMs } };
      return { ...mark, waits: { for: 'more', than: sighting.ends(step.log) } };
    }
    case 'more':
      if (reaches(waits.than, committed)) return mark;
  }
  const next = steps[mark.step + 1];
  const until = next === undefined ? [] : sighting.ends(next.log);
  return handedOn({ ...mark, step: mark.step + 1, waits: { for: 'all', until } }, steps, sighting);
}

/** Whether these offsets are nowhere before those. */
const reaches = (these: Offsets, those: Offsets): boolean =>
  those.every((offset, partition) => (these[partition] ?? 0) >= offset);

/** Whether the next mark, which is of a later moment, arrives no later. */
const isNeedless = (mark: Mark, next: Mark | undefined): boolean =>
  next !== undefined &&
  next.timeMs >= mark.timeMs &&
  next.step === mark.step &&
  isShorter(next.waits, mark.waits);

const isShorter = (one: Wait, other: Wait): boolean => {
  if (one.for === 'all') return other.for === 'all' && reaches(other.until, one.until);
  return one.for === 'more' && other.for === 'more' && reaches(other.than, one.than);
};

/** Without the one whose neighbours are closest to each other, so that the others stay evenly spread. */
function thinned(marks: readonly Mark[]): readonly Mark[] {
  if (marks.length <= marksMax) return marks;
  const gaps = marks.slice(2).map(({ timeMs }, at) => timeMs - (marks[at]?.timeMs ?? timeMs));
  const closest = gaps.indexOf(Math.min(...gaps)) + 1;
  return marks.filter((_, at) => at !== closest);
}
