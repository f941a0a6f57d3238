import {
  type InsertBatch,
  type ReadOptions,
  type ReadResult,
  type Store,
  StoreError,
} from '../../packages/millrace/src/ports/store.ts';
import type { Random } from '../support/random.ts';
import { type Fate, Fault } from './faults.ts';

export interface StoreUser {
  /** Decides after the time that the call takes. */
  fate(operation: { readonly name: keyof Store; readonly path: string }): Promise<Fate>;
}

export interface StoredRow {
  readonly offset: number;
  readonly line: string;
}

/** A row with this in it is one that the store will never take. */
export const poison = 'the store will not take this';

/**
 * What the store promises the loader, and nothing beyond: an insert is there
 * once for each token; one that failed, or that nobody waited for the end of,
 * may be there in whole, in some of its partitions, or not at all.
 */
export class ModelStore {
  readonly #random: Random;
  readonly #tables = new Map<string, Table>();
  readonly #underWay = new Set<InsertBatch>();

  constructor(random: Random) {
    this.#random = random;
  }

  table(name: string): Table {
    const table = this.#tables.get(name) ?? new Table();
    this.#tables.set(name, table);
    return table;
  }

  /** What was under way ends anyhow. */
  dies(): void {
    for (const batch of this.#underWay) this.#landInPart(batch);
    this.#underWay.clear();
  }

  /** The store as one process sees it. */
  usedBy(user: StoreUser): Store {
    const pass = async (name: keyof Store, path = ''): Promise<void> => {
      const fate = await user.fate({ name, path });
      if (fate === 'fails') throw away();
      // Who called it is gone.
      if (fate === 'crashes') await new Promise(() => {});
    };
    return {
      define: () => pass('define'),
      insert: async (batch) => {
        this.#underWay.add(batch);
        const fate = await user.fate({ name: 'insert', path: batch.token });
        if (fate === 'crashes') await new Promise(() => {});
        this.#underWay.delete(batch);
        if (fate === 'done') return this.#land(batch);
        this.#landInPart(batch);
        throw away();
      },
      read: async (sql, options) => {
        await pass('read');
        return this.#read(sql, options);
      },
      insertComputed: () => {
        throw new Error('Nothing is computed in this store.');
      },
      stream: () => {
        throw new Error('Nothing long is asked of this store.');
      },
      readGiven: () => {
        throw new Error('Nothing is given to this store.');
      },
      close: () => pass('close'),
    };
  }

  #land(batch: InsertBatch): void {
    this.table(batch.table).insert(batch, () => true);
  }

  #landInPart(batch: InsertBatch): void {
    const share = this.#random.pick([0, 0.5, 1]);
    try {
      this.table(batch.table).insert(batch, () => this.#random.chance(share));
    } catch (error) {
      // Nobody hears of it.
      if (!(error instanceof StoreError)) throw error;
    }
  }

  /** The questions that are asked by what is simulated. */
  #read(sql: string, { params = {} }: ReadOptions = {}): ReadResult {
    const [, name] = /^SELECT count\(\) FROM ([\w.]+) WHERE _partition/.exec(sql) ?? [];
    if (name === undefined && !sql.includes('`system`.`tables`'))
      throw new Error(`The model store has no answer to ${sql}`);
    const { from, to } = params;
    const count = this.#tables
      .get(name ?? '')
      ?.rows.filter(({ offset }) => offset >= Number(from) && offset < Number(to)).length;
    const bytes = name === undefined ? Buffer.alloc(0) : Buffer.from(`${count ?? 0}\n`);
    return { bytes, rowsRead: 0, bytesRead: 0, elapsedMs: 0 };
  }
}

export class Table {
  readonly rows: StoredRow[] = [];
  /** Offsets of rows that were refused by themselves. */
  readonly refused = new Set<number>();
  readonly #bytesByToken = new Map<string, string>();
  readonly #landed = new Set<string>();

  /** @throws StoreError `split` if one of the rows will never be taken; then none was. */
  insert({ token, lines, rows, place }: InsertBatch, lands: (part: string) => boolean): void {
    const text = Buffer.from(lines).toString();
    const known = this.#bytesByToken.get(token) ?? text;
    if (known !== text) throw new Error(`${token} names other bytes than before.`);
    this.#bytesByToken.set(token, text);
    const all = text.split('\n').slice(0, -1);
    if (all.length !== rows || place === undefined)
      throw new Error(`${token} has ${all.length} rows, not ${rows}, or no place.`);
    if (text.includes(poison)) {
      if (rows === 1) this.refused.add(place.offset);
      throw new StoreError(27, 'Cannot parse input', 'split', {
        cause: new Fault('EINVAL', token),
      });
    }
    const given = all.map((line, index) => ({ line, offset: place.offset + index }));
    for (const part of new Set(given.map(partOf))) {
      if (this.#landed.has(`${token} ${part}`) || !lands(part)) continue;
      this.#landed.add(`${token} ${part}`);
      this.rows.push(...given.filter((row) => partOf(row) === part));
    }
  }
}

/** Tables are partitioned by what a row says, so rows of one range lie in several. */
const partOf = ({ line }: StoredRow): string => `${line.length % 3}`;

const away = (): StoreError =>
  new StoreError(210, 'The store is away.', 'same', { cause: new Fault('ECONNRESET', 'insert') });
