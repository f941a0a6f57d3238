import type { Condition, Every, FieldPlan, MeasurePlan, Plan, RollupPlan } from './plan.ts';
import type { Question } from './question.ts';
import type { Sampling } from './questions/sampling.ts';
import { rangeRead, type SeriesQuestion } from './questions/series.ts';
import { dayMs } from './read-duration.ts';
import { offsetsOf } from './time-zone.ts';
import { widths, widthsMs } from './widths.ts';

/** What answers a question. */
export type Serving = EventsServing | RollupServing;

export interface EventsServing {
  readonly kind: 'events';
  /** The part of the time that is read, where that is not all. */
  readonly sampling?: Sampling;
}

export interface RollupServing {
  readonly kind: 'rollup';
  readonly rollup: RollupPlan;
  /** What is left to ask of the rollup's rows: their dimensions are its fields. */
  readonly where: Condition | null;
  /** The rollup's measures, in the order of those asked for. */
  readonly measures: readonly MeasurePlan[];
}

/** What answers a question, and what was said of every table that could have. */
export interface Choice {
  readonly serving: Serving;
  readonly considered: readonly Considered[];
}

export interface Considered {
  /** `events` or a rollup's name. */
  readonly name: string;
  readonly why: string;
}

/**
 * The coarsest rollup that gives the same answer as the events themselves, or
 * the events. At the same width, the rollup with the fewest dimensions.
 *
 * @param nowMs what is older than a table's retention may be gone from it.
 */
export const chooseServing = (question: Question, plan: Plan, nowMs: number): Choice => {
  if (question.kind !== 'series') return eventsAlone;
  const found = plan.rollups.map((rollup) => ({
    rollup,
    outcome: byRollup(question, rollup, plan.keepMs, nowMs),
  }));
  const [best] = found
    .flatMap(({ outcome }) => (typeof outcome === 'string' ? [] : [outcome]))
    .sort(
      ({ rollup: a }, { rollup: b }) =>
        widths.indexOf(b.every) - widths.indexOf(a.every) || a.by.length - b.by.length,
    );
  const considered = found.map(({ rollup, outcome }) => ({
    name: rollup.name,
    why: typeof outcome === 'string' ? outcome : whyAble(rollup, best?.rollup),
  }));
  const events = best
    ? `The rollup ${best.rollup.name} gives the same answer from fewer rows.`
    : 'No rollup gives the same answer.';
  return {
    serving: best ?? { kind: 'events' },
    considered: [{ name: 'events', why: events }, ...considered],
  };
};

const eventsAlone: Choice = {
  serving: { kind: 'events' },
  considered: [{ name: 'events', why: 'They alone tell who did what.' }],
};

const whyAble = (rollup: RollupPlan, best: RollupPlan | undefined): string =>
  rollup === best
    ? 'It is the coarsest that gives the same answer.'
    : `It could answer; ${best?.name} has fewer rows.`;

/** From when on (epoch ms) a table has everything; null if it has everything there ever was. */
export const keptSinceMs = (keepMs: number | null, nowMs: number): number | null =>
  keepMs === null ? null : nowMs - keepMs;

/** How a rollup would answer, or a sentence on why it cannot. */
const byRollup = (
  question: SeriesQuestion,
  rollup: RollupPlan,
  eventsKeepMs: number | null,
  nowMs: number,
): RollupServing | string => {
  if (!keepsEnough(question, rollup.keepMs, eventsKeepMs, nowMs))
    return 'It may have dropped a part of the range by age.';
  if (!cutsAtBuckets(question, rollup.every))
    return `The range or the buckets cut through its buckets (${rollup.every}).`;
  const lacking = question.by.find(({ field }) => dimensionOf(field, rollup) === undefined);
  if (lacking) return `It does not tell ${lacking.name} apart.`;
  const where = whatIsLeft(question, rollup);
  if (where === undefined) return 'It counts other events, or lacks a field of the condition.';
  const measures = question.measures.map((asked) =>
    rollup.measures.find((kept) => measuresTheSame(asked, kept)),
  );
  const unkept = question.measures.find((_, at) => measures[at] === undefined);
  if (unkept) return `It does not keep what ${unkept.name} measures.`;
  return {
    kind: 'rollup',
    rollup,
    where,
    measures: measures.filter((measure) => measure !== undefined),
  };
};

/** As much of the range as the events have, at least. */
const keepsEnough = (
  question: SeriesQuestion,
  keepMs: number | null,
  eventsKeepMs: number | null,
  nowMs: number,
): boolean => {
  const { sinceMs } = rangeRead(question);
  if (keepMs === null) return true;
  if (eventsKeepMs !== null && eventsKeepMs <= keepMs) return true;
  return sinceMs !== null && sinceMs >= nowMs - keepMs + widthsMs.hour;
};

/** Whether each bucket of the rollup lies within one bucket of the question, and its range. */
const cutsAtBuckets = (question: SeriesQuestion, every: Every): boolean => {
  const ends = [question.sinceMs, question.untilMs, rangeRead(question).sinceMs];
  if (!ends.every((ms) => ms === null || startsBucket(ms, every))) return false;
  if (question.every === null) return true;
  // What is moved by the length of some months does not fit others.
  if (question.previousByMs !== null && every === 'month') return false;
  if (!divides(every, question.every)) return false;
  return question.zone === 'UTC' || followsUtc(question, every);
};

const startsBucket = (ms: number, every: Every): boolean => {
  switch (every) {
    case 'month':
      return ms % dayMs === 0 && new Date(ms).getUTCDate() === 1;
    case 'week':
      return ms % dayMs === 0 && new Date(ms).getUTCDay() === 1;
    default:
      return ms % widthsMs[every] === 0;
  }
};

/** A week divides nothing but weeks; all else divides what is wider. */
const divides = (narrow: Every, wide: Every): boolean =>
  narrow === wide || (narrow !== 'week' && widths.indexOf(narrow) < widths.indexOf(wide));

const offsetSamplesMax = 4_000;

/** Whether the zone's clock is ahead of UTC by whole buckets all through the question's range. */
const followsUtc = ({ zone, sinceMs, untilMs }: SeriesQuestion, every: Every): boolean => {
  if (sinceMs === null || untilMs === null) return false;
  if ((untilMs - sinceMs) / dayMs > offsetSamplesMax) return false;
  const offsetAt = offsetsOf(zone);
  const width = every === 'week' || every === 'month' ? Number.POSITIVE_INFINITY : widthsMs[every];
  // No zone has changed its clock twice within a day.
  for (let ms = sinceMs; ms < untilMs + dayMs; ms += dayMs) {
    if (offsetAt(Math.min(ms, untilMs)) % width !== 0) return false;
  }
  return true;
};

/**
 * What is left of the question's condition where the rollup's own holds already;
 * undefined if the rollup does not count the events that are asked for, or
 * lacks a field that is left to be compared.
 */
const whatIsLeft = (question: SeriesQuestion, rollup: RollupPlan): Condition | null | undefined => {
  const asked = conjuncts(question.where).map((condition) => JSON.stringify(condition));
  const kept = conjuncts(rollup.where).map((condition) => JSON.stringify(condition));
  if (!kept.every((condition) => asked.includes(condition))) return undefined;
  if (!question.from.every((type) => rollup.from.includes(type))) return undefined;
  const ofTypes: readonly Condition[] = rollup.from.every((type) => question.from.includes(type))
    ? []
    : [{ kind: 'in', field: typeField, values: question.from }];
  const left = [...conjuncts(question.where), ...ofTypes]
    .filter((condition) => !kept.includes(JSON.stringify(condition)))
    .map((condition) => overDimensions(condition, rollup));
  const conditions = left.filter((condition) => condition !== undefined);
  if (conditions.length < left.length) return undefined;
  return conditions.length === 0 ? null : { kind: 'and', conditions };
};

const typeField: FieldPlan = { source: 'envelope', name: 'type', type: { kind: 'string' } };

const conjuncts = (condition: Condition | null): readonly Condition[] => {
  if (condition === null) return [];
  return condition.kind === 'and' ? condition.conditions.flatMap(conjuncts) : [condition];
};

/** The condition with the rollup's dimensions for its fields; undefined if one of them is none. */
const overDimensions = (condition: Condition, rollup: RollupPlan): Condition | undefined => {
  switch (condition.kind) {
    case 'and':
    case 'or': {
      const inner = condition.conditions.map((one) => overDimensions(one, rollup));
      const conditions = inner.filter((one) => one !== undefined);
      return conditions.length < inner.length ? undefined : { kind: condition.kind, conditions };
    }
    case 'not': {
      const inner = overDimensions(condition.condition, rollup);
      return inner && { kind: 'not', condition: inner };
    }
    default: {
      const name = dimensionOf(condition.field, rollup);
      if (name === undefined) return undefined;
      const { type } = condition.field;
      return { ...condition, field: { source: 'computed', name, type } };
    }
  }
};

const dimensionOf = (field: FieldPlan, rollup: RollupPlan): string | undefined =>
  rollup.by.find((dimension) => sameField(dimension.field, field))?.name;

/** One name has one type across a pipeline, but an enum may have more values among more events. */
const sameField = (a: FieldPlan, b: FieldPlan): boolean =>
  a.source === 'property' && b.source === 'property'
    ? a.path.join('.') === b.path.join('.')
    : a.source === b.source && 'name' in a && 'name' in b && a.name === b.name;

const measuresTheSame = (asked: MeasurePlan, kept: MeasurePlan): boolean => {
  if (asked.kind === 'count' || kept.kind === 'count') return asked.kind === kept.kind;
  if (asked.kind !== kept.kind || !sameField(asked.field, kept.field)) return false;
  if (asked.kind !== 'quantiles' || kept.kind !== 'quantiles') return true;
  return JSON.stringify(asked.levels) === JSON.stringify(kept.levels);
};
