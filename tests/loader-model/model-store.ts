import {
  type InsertBatch,
  type ReadOptions,
  StoreError,
} from '../../packages/millrace/src/ports/store.ts';

/** A row with this in it is one that the store will never take. */
export const poison = 'poison';

/** The first letter of a row is the partition of the table that it is in. */
const partOf = (line: string): string => line.slice(0, 1);

interface Row {
  readonly offset: number;
  readonly line: string;
}

interface Landing {
  readonly table: 'events' | 'rollup';
  readonly part: string;
  readonly offsets: readonly number[];
}

/** One insert in the store. */
export interface RunningInsert {
  readonly token: string;
  readonly landings: Landing[];
  readonly beganMs: number;
}

export interface ModelStoreOptions {
  /** A token is remembered until so many parts were made after it. */
  readonly partsRemembered: number;
  /** Default: those of each insert are looked at. */
  readonly knowsDeadlines?: boolean;
}

/**
 * A table and a view's target as ClickHouse has them: an insert lands part
 * after part, the view's last; each of them once for a token that is remembered.
 */
export class ModelStore {
  /** Of the server, and how many parts others made. */
  nowMs = 0;
  parts = 0;
  readonly events = new Map<number, number>();
  readonly rollup = new Map<number, number>();
  readonly #landedAt = new Map<string, number>();
  readonly #bytesByToken = new Map<string, string>();
  readonly running = new Set<RunningInsert>();
  readonly #options: Required<ModelStoreOptions>;

  constructor(options: ModelStoreOptions) {
    this.#options = { knowsDeadlines: true, ...options };
  }

  /** @throws StoreError `late`, `split` */
  begin(batch: InsertBatch): RunningInsert {
    const { token, deadlineMs = Number.POSITIVE_INFINITY, onlyMissing = false } = batch;
    if (this.#options.knowsDeadlines && this.nowMs > deadlineMs)
      throw new StoreError(395, 'The deadline has passed.', 'late');
    const all = rowsOf(batch);
    const bytes = all.map(({ line }) => line).join();
    if ((this.#bytesByToken.get(token) ?? bytes) !== bytes)
      throw new RangeError(`${token} names other bytes than before.`);
    this.#bytesByToken.set(token, bytes);
    if (bytes.includes(poison)) throw new StoreError(27, 'Cannot parse input', 'split');
    const rows = onlyMissing ? all.filter(({ offset }) => !this.events.has(offset)) : all;
    const offsetsIn = (part: string): number[] =>
      rows.filter(({ line }) => partOf(line) === part).map(({ offset }) => offset);
    const landings = [...new Set(rows.map(({ line }) => partOf(line)))].map(
      (part): Landing => ({ table: 'events', part, offsets: offsetsIn(part) }),
    );
    landings.push({ table: 'rollup', part: 'all', offsets: rows.map(({ offset }) => offset) });
    const insert = { token, landings, beganMs: this.nowMs };
    this.running.add(insert);
    return insert;
  }

  /** Its next part. */
  land(insert: RunningInsert): void {
    const landing = insert.landings.shift();
    if (landing === undefined) return;
    const { table, part, offsets } = landing;
    const block = `${table} ${insert.token} ${part}`;
    if (this.#landedAt.has(block)) return;
    this.#landedAt.set(block, this.parts);
    for (const offset of offsets) this[table].set(offset, (this[table].get(offset) ?? 0) + 1);
  }

  end(insert: RunningInsert): void {
    this.running.delete(insert);
  }

  /** Time passes, and others make parts. */
  pass(ms: number, parts: number): void {
    this.nowMs += ms;
    this.parts += parts;
    for (const [block, at] of this.#landedAt) {
      if (this.parts - at >= this.#options.partsRemembered) this.#landedAt.delete(block);
    }
  }

  /** The questions that the loader asks. */
  answer(sql: string, { params = {} }: ReadOptions = {}): string {
    if (sql.includes('system.parts')) return `${this.nowMs}\t${this.parts}\n`;
    if (sql.includes('system.processes'))
      return `${[...this.running].filter(({ token }) => token === params.token).length}\n`;
    if (!sql.startsWith('SELECT count() FROM events WHERE _partition'))
      throw new Error(`The model store has no answer to ${sql}`);
    const isAsked = (offset: number): boolean =>
      offset >= Number(params.from) && offset < Number(params.to);
    return `${[...this.events.keys()].filter(isAsked).length}\n`;
  }

  get key(): unknown {
    const { nowMs, parts, events, rollup } = this;
    return [nowMs, parts, sorted(events), sorted(rollup), sorted(this.#landedAt)];
  }
}

function rowsOf({ lines, rows, place, token }: InsertBatch): readonly Row[] {
  const all = Buffer.from(lines).toString().split('\n').slice(0, -1);
  if (all.length !== rows || place === undefined)
    throw new Error(`${token} has ${all.length} rows, not ${rows}, or no place.`);
  return all.map((line, index) => ({ line, offset: place.offset + index }));
}

const sorted = (map: ReadonlyMap<string | number, number>): unknown =>
  [...map].sort(([a], [b]) => (a < b ? -1 : 1));
