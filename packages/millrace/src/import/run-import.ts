import { Refusal } from '../collect/refusals.ts';
import { readTime } from '../collect/time.ts';
import { MillraceError } from '../errors.ts';
import type { Plan } from '../plan/plan.ts';
import type { CheckedDefinition } from './checked-definition.ts';
import { type Chunk, chunksFrom, type SeenIds } from './chunks.ts';
import { InsertSpan } from './insert-span.ts';
import type { ImportKey, ImportState } from './ledger.ts';
import { type MappedRow, rowMapper } from './map-row.ts';
import { partitionOf } from './partition-of.ts';
import { partitionBounds } from './partition-order.ts';
import { type Patience, patiently } from './patience.ts';
import { type RawRow, rowAsJson } from './raw-row.ts';
import { examineFile, type ImportFile, openRows } from './source/open-source.ts';
import { type ImportSummary, Tally } from './tally.ts';
import type { ImportChunk, ImportTarget } from './target.ts';

export interface ImportRequest {
  readonly path: string;
  readonly definition: CheckedDefinition;
  /** Of the mapping file. */
  readonly mapping: string;
  readonly plan: Pick<Plan, 'keepMs' | 'partitioning'>;
  readonly target: ImportTarget;
  /** For what does not fit into memory; its contents are deleted. */
  readonly folder: string;
  /** For ids made of content: which of them this file had already. */
  readonly seen: SeenIds;
  /** Go on although the file was imported with another mapping. */
  readonly again: boolean;
  /** Stops the import after the chunk under way. */
  readonly signal: AbortSignal;
  readonly onProgress: (progress: ImportProgress) => void;
  /** Rows appended at a time. */
  readonly chunkRowsMax?: number;
}

export interface ImportProgress {
  readonly step: 'examining' | 'checking' | 'sorting' | 'importing' | 'waiting';
  /** Of this step's work, 0 to 1. */
  readonly share: number;
  /** Taken so far, in this run and those before. */
  readonly rows: number;
  readonly note?: string;
}

/**
 * Imports a file, or what of it is not imported yet. Each chunk of rows is
 * appended together with the number of rows taken, so that whatever happens
 * each row is taken once.
 *
 * @throws MillraceError `import_file_invalid`, `import_invalid`,
 *   `import_too_old`, `import_changed`, and what the target throws.
 */
export async function runImport(request: ImportRequest): Promise<ImportSummary> {
  const { definition, target, signal, onProgress } = request;
  const file = await examineFile(request.path, definition, shareOf('examining', request));
  const key = { file: file.digest, mapping: request.mapping };
  const patience = {
    patienceMs: 120_000,
    signal,
    onWait: (note: string) => onProgress({ step: 'waiting', share: 0, rows: 0, note }),
  };
  const known = await patiently(() => target.imports(file.digest), patience);
  const own = known.find(({ mapping }) => mapping === key.mapping);
  const tally = new Tally(own?.position ?? 0);
  if (own?.finished) return tally.summary('known');
  if (!request.again) refuseOtherMapping(known, key);
  try {
    if (request.plan.keepMs !== null) await refuseOldRows(request, file, request.plan.keepMs);
    await sendRows(file, key, tally, request, patience);
  } catch (error) {
    // A wait was cut short.
    if (signal.aborted && error instanceof Error && error.name === 'AbortError') {
      return tally.summary('interrupted');
    }
    throw error;
  }
  if (signal.aborted) return tally.summary('interrupted');
  if (tally.position > 0) await patiently(() => target.finish(key, tally.position), patience);
  return tally.summary('finished');
}

async function sendRows(
  file: ImportFile,
  key: ImportKey,
  tally: Tally,
  request: ImportRequest,
  patience: Patience,
): Promise<void> {
  const { target, plan, signal, onProgress } = request;
  const span = new InsertSpan(partitionBounds.rows);
  let shareRead = 0;
  let rowsRead = 0;
  let sorting = false;
  const source = await openRows(file, request.definition, request.folder, (share) => {
    shareRead = share;
  });
  const mapRow = rowMapper(request.definition, source.columns, file.digest);
  const map = (raw: RawRow): MappedRow => {
    rowsRead = Math.max(rowsRead, raw.number);
    return mapRow(raw);
  };
  const onPutAside = (): void => {
    sorting = true;
    onProgress({ step: 'sorting', share: shareRead, rows: rowsRead });
  };
  const { folder, seen, chunkRowsMax: rowsMax = 2_000 } = request;
  const options = { folder, seen, onPutAside, rowsMax };
  for await (const chunk of chunksFrom(tally.position, source, map, options)) {
    if (signal.aborted) return;
    const partitions = partitionsOf(chunk.rows, plan);
    if (span.countWith(partitions) > plan.partitioning.partsPerInsertMax) {
      await patiently(() => target.settle(), patience);
      span.clear();
    }
    const from = tally.position;
    const to = from + chunk.rows.length;
    const rows = rowsToSend(chunk, source.columns);
    const receipt = await patiently(() => target.append({ key, from, to, ...rows }), patience);
    span.add(chunk.rows.length, partitions);
    tally.add(chunk.rows, receipt);
    const share = sorting ? to / rowsRead : shareRead;
    onProgress({ step: 'importing', share, rows: to });
  }
}

function rowsToSend({ rows }: Chunk, columns: readonly string[] | null) {
  const events: ImportChunk['events'][number][] = [];
  const raws: RawRow[] = [];
  for (const { raw, event } of rows) {
    if (typeof event === 'string') continue;
    events.push(event);
    raws.push(raw);
  }
  const raw = (index: number): string => {
    const row = raws[index];
    return row === undefined ? '' : rowAsJson(row, columns);
  };
  return { events, raw };
}

function partitionsOf(
  rows: readonly MappedRow[],
  { partitioning }: ImportRequest['plan'],
): Set<number> {
  const partitions = new Set<number>();
  for (const row of rows) {
    const partition = partitionOf(row, partitioning.by);
    if (partition !== null) partitions.add(partition);
  }
  return partitions;
}

function refuseOtherMapping(known: readonly ImportState[], { mapping }: ImportKey): void {
  const other = known.find((state) => state.mapping !== mapping);
  if (other === undefined) return;
  throw new MillraceError(
    'import_changed',
    `This file was imported ${other.finished ? '' : `up to row ${other.position} `}with another mapping file, or with this one before it was changed.`,
  );
}

/** The store would drop such rows at once. */
async function refuseOldRows(
  request: ImportRequest,
  file: ImportFile,
  keepMs: number,
): Promise<void> {
  const oldest = Date.now() - keepMs;
  const { definition, folder, signal } = request;
  const source = await openRows(file, definition, folder, shareOf('checking', request));
  const map = rowMapper(definition, source.columns, file.digest);
  let old = 0;
  let first: { readonly row: number; readonly time: number } | undefined;
  for await (const batch of source.batches) {
    signal.throwIfAborted();
    for (const raw of batch) {
      const { event } = map(raw);
      if (typeof event === 'string' || event instanceof Refusal) continue;
      const time = readTime(event.timestamp);
      if (time === null || time >= oldest) continue;
      old += 1;
      if (first === undefined || time < first.time) first = { row: raw.number, time };
    }
  }
  if (first === undefined) return;
  throw new MillraceError(
    'import_too_old',
    `${old} rows are older than the ${keepMs / 86_400_000} days that the pipeline keeps; the oldest, row ${first.row}, is of ${new Date(first.time).toISOString()}. Nothing was imported.`,
  );
}

const shareOf =
  (step: ImportProgress['step'], { onProgress }: ImportRequest) =>
  (share: number): void =>
    onProgress({ step, share, rows: 0 });
