import type { InsertDeadline, LogRange } from '../ports/progress.ts';
import type { Store } from '../ports/store.ts';

export interface InsertDeadlinesOptions {
  readonly store: Store;
  readonly table: string;
  /** For how many parts the table, and what its views fill, remembers tokens. */
  readonly partsRemembered: number;
  /** From an intent to its deadline. Fewer than half of those parts are made meanwhile. */
  readonly insertMs?: number;
  /** Told of rows that were there when their token may have been forgotten: views may lack them. */
  readonly onDoubt: (range: LogRange) => void;
}

/** A range that was inserted, and may be there or not. */
export interface LateRange extends LogRange {
  readonly partition: number;
  readonly rows: number;
  readonly token: string;
}

/** The longest, which counts the rows of a range, takes a fraction of it. */
const questionMaxS = 30;

/**
 * Until when ranges may be inserted: so that a loader that slept while another
 * took over cannot insert a range again after the store forgot its token.
 *
 * Tokens are forgotten by parts that are made, and not by time. A view's target
 * makes no more parts of an insert than the table, which is partitioned no less
 * finely.
 */
export class InsertDeadlines {
  readonly #options: Required<InsertDeadlinesOptions>;

  constructor(options: InsertDeadlinesOptions) {
    this.#options = { insertMs: 60_000, ...options };
  }

  /** Of a range that was never inserted under its token. @throws StoreError */
  async first(): Promise<InsertDeadline> {
    const { nowMs, parts } = await this.#moment();
    return { atMs: nowMs + this.#options.insertMs, sinceParts: parts, onlyMissing: false };
  }

  /**
   * After one that has passed: under a token that is surely remembered, the same
   * again. Otherwise what the table has decides, once no insert of the range can
   * land any more. Null if it has all.
   *
   * @throws StoreError
   */
  async next(passed: InsertDeadline, range: LateRange): Promise<InsertDeadline | null> {
    const { insertMs, partsRemembered, onDoubt } = this.#options;
    const { nowMs, parts } = await this.#moment();
    const atMs = nowMs + insertMs;
    const made = parts - passed.sinceParts;
    // The number falls when the newest parts are dropped, and is worth nothing then.
    if (made >= 0 && made < partsRemembered / 2) return { ...passed, atMs };
    if (nowMs <= passed.atMs)
      throw new Error(`The store's clock was put back: ${range.token} waits.`);
    if (await this.#isUnderWay(range.token)) throw new Error(`${range.token} is still under way.`);
    const stored = await this.#stored(range);
    if (stored > 0) onDoubt(range);
    if (stored === range.rows) return null;
    return { atMs, sinceParts: parts, onlyMissing: stored > 0 };
  }

  async #moment(): Promise<{ readonly nowMs: number; readonly parts: number }> {
    const { table } = this.#options;
    const [nowMs = 0, parts = 0] = await this.#numbers(
      `SELECT toUnixTimestamp64Milli(now64(3)), max(max_block_number) FROM system.parts
       WHERE concat(database, '.', table) IN ({table:String}, concat(currentDatabase(), '.', {table:String}))`,
      { table },
    );
    return { nowMs, parts };
  }

  /** Whether one that began in time has not ended. */
  async #isUnderWay(token: string): Promise<boolean> {
    const [inserts = 0] = await this.#numbers(
      "SELECT count() FROM system.processes WHERE Settings['insert_deduplication_token'] = {token:String}",
      { token },
    );
    return inserts > 0;
  }

  async #stored({ partition, from, to }: LateRange): Promise<number> {
    const [rows = 0] = await this.#numbers(
      `SELECT count() FROM ${this.#options.table} WHERE _partition = {partition:UInt32} AND _offset >= {from:UInt64} AND _offset < {to:UInt64}`,
      { partition, from, to },
    );
    return rows;
  }

  async #numbers(sql: string, params: { readonly [name: string]: unknown }): Promise<number[]> {
    const { bytes } = await this.#options.store.read(sql, {
      ...{ format: 'TSV', params },
      // It may be lost on its way, and asking again costs nothing.
      settings: { max_execution_time: questionMaxS },
    });
    return Buffer.from(bytes).toString().trim().split('\t').map(Number);
  }
}
