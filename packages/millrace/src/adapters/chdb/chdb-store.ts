import type { AnswerStream } from '../../ports/answer-stream.ts';
import type { ArchiveDecoder, DecodedLines } from '../../ports/archive-decoder.ts';
import type { ArchiveEncoder, ArchiveFile } from '../../ports/archive-encoder.ts';
import type { ArchiveRewriter, RewrittenFile } from '../../ports/archive-rewriter.ts';
import type {
  ComputedBatch,
  GivenRows,
  InsertBatch,
  ReadOptions,
  ReadResult,
  Store,
} from '../../ports/store.ts';
import {
  asInserted,
  computedInsertStatement,
  givenStatement,
  insertStatement,
} from '../clickhouse/insert-statement.ts';
import { asReadersExpect } from '../clickhouse/reader-settings.ts';
import { identifier, stringLiteral } from '../clickhouse/sql-text.ts';
import { TableShapes } from '../clickhouse/table-shape.ts';
import type { Engine, EngineCall, EngineOptions } from './engine.ts';
import { openEngine } from './open-engine.ts';
import { parquetFiles } from './parquet-files.ts';
import { parquetLines } from './parquet-lines.ts';
import { rewriteParquet } from './rewrite-parquet.ts';

export interface ChdbStoreOptions extends EngineOptions {
  readonly database: string;
  /** The most partitions that one insert may touch. */
  readonly partitionsPerInsertMax?: number;
}

/**
 * ClickHouse in this process.
 *
 * @throws MillraceError `data_folder_in_use` when another process has the folder open.
 */
export async function openChdbStore(
  options: ChdbStoreOptions,
): Promise<Store & ArchiveEncoder & ArchiveDecoder & ArchiveRewriter> {
  const engine = await openEngine(options);
  const { database, partitionsPerInsertMax = 100 } = options;
  await engine.define(`CREATE DATABASE IF NOT EXISTS ${identifier(database)}`);
  return new ChdbStore(engine, { database, partitionsPerInsertMax });
}

interface ChdbStoreSettings {
  readonly database: string;
  readonly partitionsPerInsertMax: number;
}

class ChdbStore implements Store, ArchiveEncoder, ArchiveDecoder {
  readonly #engine: Engine;
  readonly #settings: ChdbStoreSettings;
  readonly #shapes: TableShapes;

  constructor(engine: Engine, settings: ChdbStoreSettings) {
    this.#engine = engine;
    this.#settings = settings;
    this.#shapes = new TableShapes((sql) => engine.read(sql, settings));
  }

  async define(statement: string): Promise<void> {
    try {
      await this.#engine.define(statement, this.#settings.database);
    } finally {
      this.#shapes.forget();
    }
  }

  async insert(batch: InsertBatch): Promise<void> {
    const { database, partitionsPerInsertMax } = this.#settings;
    const shape = await this.#shapes.of(batch.table);
    await this.#engine.withFile(batch.lines, (path) =>
      this.#engine.write(
        insertStatement(batch, { from: fileOf(path), shape, partitionsPerInsertMax }),
        { database },
      ),
    );
  }

  async insertComputed(batch: ComputedBatch): Promise<void> {
    const { database, partitionsPerInsertMax } = this.#settings;
    const statement = computedInsertStatement(batch, { partitionsPerInsertMax });
    await this.#engine.write(statement, { database, settings: asReadersExpect });
  }

  read(sql: string, options: ReadOptions = {}): Promise<ReadResult> {
    return this.#engine.read(sql, this.#question(options));
  }

  stream(sql: string, options: ReadOptions = {}): AnswerStream {
    return this.#engine.stream(sql, this.#question(options));
  }

  async readGiven(rows: GivenRows, sql: string, options: ReadOptions = {}): Promise<ReadResult> {
    const { database } = this.#settings;
    const shape = await this.#shapes.of(rows.table);
    const settings = { ...asReadersExpect, ...options.settings, ...asInserted };
    return this.#engine.withFile(rows.lines, (path) =>
      // A connection that is read-only to the engine reads no files.
      this.#engine.read(givenStatement(rows, { from: fileOf(path), shape }, sql), {
        ...options,
        database,
        settings,
      }),
    );
  }

  encode(lines: Uint8Array): Promise<readonly ArchiveFile[]> {
    return parquetFiles(this.#engine, lines);
  }

  decode(files: readonly Uint8Array[]): Promise<DecodedLines> {
    return parquetLines(this.#engine, files);
  }

  rewrite(files: readonly Uint8Array[], without: readonly number[]): Promise<RewrittenFile | null> {
    return rewriteParquet(this.#engine, files, without);
  }

  close(): Promise<void> {
    return this.#engine.close();
  }

  #question(options: ReadOptions): EngineCall {
    const { database } = this.#settings;
    const settings = { ...asReadersExpect, ...options.settings };
    return { ...options, database, settings, readOnly: true };
  }
}

const fileOf =
  (path: string) =>
  (structure: string): string =>
    `file(${stringLiteral(path)}, 'JSONEachRow', ${stringLiteral(structure)})`;
