import { resultRows } from '../../ports/result-rows.ts';
import type { ReadResult } from '../../ports/store.ts';

/** A table's columns as `DESCRIBE TABLE` tells them. */
export type TableShape = readonly {
  readonly name: string;
  readonly type: string;
  readonly default_type: string;
}[];

/** Of the tables inserted into since the schema last changed. */
export class TableShapes {
  readonly #read: (sql: string) => Promise<ReadResult>;
  readonly #known = new Map<string, TableShape>();

  /** @param read answers with a JSON object on each line. */
  constructor(read: (sql: string) => Promise<ReadResult>) {
    this.#read = read;
  }

  async of(table: string): Promise<TableShape> {
    const known = this.#known.get(table);
    if (known !== undefined) return known;
    const shape = resultRows<TableShape[number]>(await this.#read(`DESCRIBE TABLE ${table}`));
    this.#known.set(table, shape);
    return shape;
  }

  forget(): void {
    this.#known.clear();
  }
}
