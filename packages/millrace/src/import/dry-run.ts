import { eventWriter } from '../collect/event-writer.ts';
import { defaultCollectLimits } from '../collect/limits.ts';
import { nativeBatch } from '../collect/native.ts';
import { Refusal } from '../collect/refusals.ts';
import type { Plan } from '../plan/plan.ts';
import type { CheckedDefinition } from './checked-definition.ts';
import { rowMapper } from './map-row.ts';
import { examineFile, openRows } from './source/open-source.ts';
import type { RefusedRow } from './tally.ts';

export interface DryRun {
  readonly format: string;
  readonly columns: readonly string[] | null;
  readonly rows: number;
  readonly accepted: number;
  readonly leftOut: number;
  /** All of them. */
  readonly refused: readonly RefusedRow[];
  /** The first events, in canonical form. */
  readonly examples: readonly string[];
}

const examplesMax = 3;

/** Maps and checks the first rows of a file; stores nothing. */
export async function dryRun(
  path: string,
  definition: CheckedDefinition,
  plan: Plan,
  folder: string,
  rowsMax: number,
): Promise<DryRun> {
  const file = await examineFile(path, definition, () => {});
  const source = await openRows(file, definition, folder, () => {});
  const map = rowMapper(definition, source.columns, file.digest);
  const now = Date.now();
  const write = eventWriter(
    plan,
    defaultCollectLimits,
  )({
    receivedAt: now,
    appendedAt: now,
    arrival: 'timestamp',
    plainStrings: false,
  });
  const refused: RefusedRow[] = [];
  const examples: string[] = [];
  let rows = 0;
  let accepted = 0;
  let leftOut = 0;

  for await (const batch of source.batches) {
    for (const raw of batch.slice(0, rowsMax - rows)) {
      rows += 1;
      const { event } = map(raw);
      if (typeof event === 'string') {
        leftOut += 1;
        continue;
      }
      try {
        const [incoming] = nativeBatch({ items: [event], ...noText }).events;
        if (incoming === undefined || incoming instanceof Refusal) throw incoming;
        const { line } = write(incoming);
        accepted += 1;
        if (examples.length < examplesMax) examples.push(line);
      } catch (refusal) {
        if (!(refusal instanceof Refusal)) throw refusal;
        refused.push({ row: raw.number, code: refusal.code, message: refusal.message });
      }
    }
    if (rows >= rowsMax) break;
  }
  return {
    format: file.format,
    columns: source.columns,
    rows,
    accepted,
    leftOut,
    refused,
    examples,
  };
}

const noText = { around: null, plainStrings: false, raw: () => new Uint8Array() };
