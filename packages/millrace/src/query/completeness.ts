import type { GroupReading, Offsets } from '../ports/log-offsets.ts';

/**
 * A step on the way to a table: a group that reads a log. What it has committed
 * is in the log of the next step, though perhaps in a transaction that is open
 * yet; or, behind the last step, in the table.
 */
export type Step = GroupReading;

/** What was seen of the logs, read in the order of these members. */
export interface Sighting {
  /** Every record acknowledged before then (epoch ms) was in the first log before anything was read. */
  readonly timeMs: number;
  readonly committed: (step: Step) => Offsets;
  readonly ends: (log: string) => Offsets;
}

/** A moment that the table is on its way to. */
interface Mark {
  readonly timeMs: number;
  /** The step that everything acknowledged before then has to pass yet, and up to where. */
  readonly step: number;
  readonly until: Offsets;
}

/** Up to when a table has everything, and what is known of later moments. */
export interface Completeness {
  /** Everything acknowledged before then (epoch ms) is in the table; null while that is not known. */
  readonly asOfMs: number | null;
  /** The oldest first. */
  readonly marks: readonly Mark[];
}

export const nothingSeen: Completeness = { asOfMs: null, marks: [] };

/** While a step stands still for hours, moments beyond this many are left out. */
const marksMax = 200;

/**
 * Each sighting begins a mark at the end of the first log. A step that has
 * committed as far hands it on, at the end that the next log had after that: it
 * holds whatever the step had written, and in what order transactions end is
 * of no matter, because readers pass none that is open.
 */
export function seen(
  { asOfMs, marks }: Completeness,
  steps: readonly Step[],
  sighting: Sighting,
): Completeness {
  const [first] = steps;
  if (first === undefined) throw new RangeError('a table is filled by at least one step');
  const { timeMs } = sighting;
  const begun: Mark = { timeMs, step: 0, until: sighting.ends(first.log) };
  const moved = [...marks, begun].map((mark) => handedOn(mark, steps, sighting));
  const arrived = moved.filter(({ step }) => step === steps.length);
  const asOf = Math.max(asOfMs ?? Number.NEGATIVE_INFINITY, ...arrived.map((mark) => mark.timeMs));
  const onTheirWay = moved.filter((mark) => mark.step < steps.length && mark.timeMs > asOf);
  return {
    asOfMs: Number.isFinite(asOf) ? asOf : null,
    marks: thinned(onTheirWay.filter((mark, at) => !isSame(mark, onTheirWay[at + 1]))),
  };
}

function handedOn(mark: Mark, steps: readonly Step[], sighting: Sighting): Mark {
  const step = steps[mark.step];
  if (step === undefined || !reaches(sighting.committed(step), mark.until)) return mark;
  const next = steps[mark.step + 1];
  const until = next === undefined ? [] : sighting.ends(next.log);
  return handedOn({ ...mark, step: mark.step + 1, until }, steps, sighting);
}

const reaches = (committed: Offsets, until: Offsets): boolean =>
  until.every((offset, partition) => (committed[partition] ?? 0) >= offset);

/** Whether the next mark, which is of a later moment, arrives no later. */
const isSame = (mark: Mark, next: Mark | undefined): boolean =>
  next !== undefined &&
  next.timeMs >= mark.timeMs &&
  next.step === mark.step &&
  reaches(mark.until, next.until);

/** Without the one whose neighbours are closest to each other, so that the others stay evenly spread. */
function thinned(marks: readonly Mark[]): readonly Mark[] {
  if (marks.length <= marksMax) return marks;
  const gaps = marks.slice(2).map(({ timeMs }, at) => timeMs - (marks[at]?.timeMs ?? timeMs));
  const closest = gaps.indexOf(Math.min(...gaps)) + 1;
  return marks.filter((_, at) => at !== closest);
}
