import type { Events } from '../define/fields.ts';
import type { Pipeline } from '../define/pipeline.ts';
import type { NamedRollup } from '../define/rollup.ts';
import type { EventInput, EventName } from '../define/rows.ts';
import type { NamedWindow } from '../define/window.ts';
import type { Row } from './row.ts';

type AnyPipeline = Pipeline<Events, readonly NamedRollup[], readonly NamedWindow[]>;

export const importFormats = ['csv', 'tsv', 'ndjson', 'parquet'] as const;
export type ImportFormat = (typeof importFormats)[number];

/** How the rows of a file become events. */
export interface ImportDefinition<P extends AnyPipeline = AnyPipeline> {
  /** Default: what the file's content and name say. Gzip is recognised by itself. */
  readonly format?: ImportFormat;
  /** Between the cells of a CSV file. Default: whichever of `, ; tab |` the first line has most of. */
  readonly delimiter?: string;
  /** Of text files, e.g. `windows-1252`. Default `utf-8`. */
  readonly encoding?: string;
  /** The zone of times without an offset, e.g. `Europe/London`. Default `UTC`. */
  readonly zone?: string;
  /**
   * What makes two rows the same event, where `event` gives no `event_id`.
   *
   * `row` (default): its number in this file, so that each row is an event.
   * `content`: all its cells, so that of equal rows the first one counts, in
   * this file and, within the dedup window, in others. A list of columns: the
   * same with these cells.
   */
  readonly id?: 'row' | 'content' | readonly string[];
  /** The event of a row; null leaves the row out. Must give the same each time. */
  readonly event: (row: Row) => AnyEventInput<P> | null;
}

/** One event of any type that the pipeline takes. */
export type AnyEventInput<P extends AnyPipeline> = {
  [Type in EventName<P>]: EventInput<P, Type>;
}[EventName<P>];

/**
 * Says how `millrace import` reads a file. The events are checked against the
 * pipeline's types.
 *
 * @example
 * export default defineImport<typeof pipeline>({
 *   zone: 'Europe/London',
 *   event: (row) => ({
 *     type: 'purchase',
 *     timestamp: row.time('InvoiceDate'),
 *     user_id: row.optional.text('CustomerID'),
 *     properties: { country: row.text('Country') },
 *   }),
 * });
 */
export const defineImport = <P extends AnyPipeline>(
  definition: ImportDefinition<P>,
): ImportDefinition<P> => definition;
