import { bounds, type Report, readList, readRecord, type UnknownRecord } from '../contradiction.ts';
import type { Plan } from '../plan.ts';
import { checkDimensions, checkLevels, readFrom } from '../read-aggregation.ts';
import { readDuration } from '../read-duration.ts';
import { type KnownFields, readWhere } from '../read-where.ts';
import { type FunnelQuestion, type FunnelStep, funnelColumns } from './funnel.ts';
import {
  commonKeys,
  definitionsOf,
  dimensionsIn,
  namesIn,
  readCommon,
  readPer,
} from './read-common.ts';

const keys = [...commonKeys, 'steps', 'within', 'per', 'by', 'levels'];
const stepsMin = 2;

export const readFunnel = (
  document: UnknownRecord,
  plan: Plan,
  report: Report,
): FunnelQuestion | undefined => {
  const asked = readRecord(document, '', keys, report);
  if (!asked) return undefined;
  const steps = readSteps(asked.steps, plan, report);
  const [first] = steps;
  if (asked.within === undefined)
    report(
      'bad_duration',
      'within',
      'This is missing.',
      'Say how long after the first step the last may be: 1h, 7d.',
    );
  if (asked.by !== undefined && first)
    checkDimensions(asked.by, 'by', first.fields, columnsTaken, report);
  if (asked.levels !== undefined) checkLevels(asked.levels, 'levels', report);
  return {
    kind: 'funnel',
    ...readCommon(asked, report),
    steps: steps.map(({ step }) => step),
    withinMs: readDuration(asked.within, 'within', { minMs: 1 }, report) ?? 0,
    per: readPer(asked.per, report),
    by: first ? dimensionsIn(asked.by, first.fields) : [],
    levels: Array.isArray(asked.levels) ? asked.levels : [0.5],
  };
};

const columnsTaken = funnelColumns({ by: [] }).map(({ name }) => name);

interface ReadStep {
  readonly step: FunnelStep;
  readonly fields: KnownFields;
}

const readSteps = (value: unknown, plan: Plan, report: Report): readonly ReadStep[] => {
  const given = readList(value, 'steps', bounds.dimensionsMax, report);
  if (given.length < stepsMin)
    report(
      'wrong_shape',
      'steps',
      `These are ${given.length} steps.`,
      `Give at least ${stepsMin}: [{ "from": "view" }, { "from": "purchase" }].`,
    );
  const before = new Set<string>();
  return given.flatMap((one, index): readonly ReadStep[] => {
    const place = `steps[${index}]`;
    const asked = readRecord(one, place, ['from', 'where'], report);
    if (!asked) return [];
    const events = definitionsOf(plan.events);
    const fields = readFrom(asked.from, `${place}.from`, events, 'step', report);
    const from = namesIn(asked.from);
    const where =
      asked.where === undefined ? null : readWhere(asked.where, `${place}.where`, fields, report);
    const laterMs = from.some((type) => before.has(type)) ? 1 : 0;
    for (const type of from) before.add(type);
    return [{ step: { from, where, laterMs }, fields }];
  });
};
