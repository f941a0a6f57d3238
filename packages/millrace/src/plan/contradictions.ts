import type { Pipeline } from '../define/pipeline.ts';
import { MillraceError } from '../errors.ts';
import { checkPartitioning } from './check-partitioning.ts';
import { type Contradiction, isRecord, type Report, readRecord, shown } from './contradiction.ts';
import { isSnakeCase } from './names.ts';
import { checkAlerts } from './read-alerts.ts';
import { dayMs, readDuration } from './read-duration.ts';
import { readEvents } from './read-events.ts';
import { checkRollups } from './read-rollups.ts';
import { checkWindows } from './read-windows.ts';

/** Databases that every ClickHouse has. */
const reservedPipelines = ['default', 'system', 'information_schema'];

/**
 * Everything in a definition that cannot be, in the order of its places.
 * Takes anything at all, and finds fault rather than throwing.
 */
export const contradictions = (definition: unknown): readonly Contradiction[] => {
  const found: Contradiction[] = [];
  const report: Report = (code, place, message, mend) => {
    found.push({ code, place, message, mend });
  };
  if (!isRecord(definition)) {
    report(
      'wrong_shape',
      '',
      `This is ${shown(definition)}, not a pipeline.`,
      'Export one: export default definePipeline({ … }).',
    );
    return found;
  }
  const keys = [
    'name',
    'events',
    'dedup',
    'lateness',
    'keep',
    'partitioning',
    'rollups',
    'windows',
    'alerts',
  ];
  readRecord(definition, '', keys, report);
  checkPipelineName(definition.name, report);
  const events = readEvents(definition.events, report);
  if (definition.dedup !== undefined) {
    const dedup = readRecord(definition.dedup, 'dedup', ['window'], report);
    readDuration(dedup?.window, 'dedup.window', { minMs: 1_000, maxMs: 31 * dayMs }, report);
  }
  readDuration(definition.lateness, 'lateness', { minMs: 0, maxMs: dayMs }, report);
  const keepMs = readDuration(definition.keep, 'keep', { minMs: dayMs }, report);
  checkPartitioning(definition.partitioning, events, report);
  checkRollups(definition.rollups, events, report);
  checkWindows(definition.windows, { events, rollups: definition.rollups, keepMs }, report);
  checkAlerts(definition.alerts, { events, windows: definition.windows }, report);
  return found;
};

/** @throws MillraceError `pipeline_invalid` with every contradiction and its mend. */
export function assertPipeline(definition: unknown): asserts definition is Pipeline {
  const found = contradictions(definition);
  if (found.length === 0) return;
  const lines = found.map(
    ({ place, message, mend }) => `  ${place === '' ? 'pipeline' : place}: ${message} ${mend}`,
  );
  throw new MillraceError(
    'pipeline_invalid',
    `The pipeline contradicts itself in ${found.length === 1 ? 'one place' : `${found.length} places`}:\n${lines.join('\n')}`,
  );
}

const checkPipelineName = (name: unknown, report: Report): void => {
  if (typeof name !== 'string' || !isSnakeCase(name))
    report(
      'bad_name',
      'name',
      `${shown(name)} is not a name in snake_case.`,
      'Call the pipeline like web_shop: lower case, digits, single underscores, at most 64.',
    );
  else if (reservedPipelines.includes(name))
    report('reserved_name', 'name', `${shown(name)} is taken.`, 'Choose another name.');
};
