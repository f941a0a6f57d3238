import type { AnswerStream } from './answer-stream.ts';
import type { ReadOptions } from './store.ts';

/** One statement as ClickHouse's HTTP interface takes it. */
export interface SqlStatement extends Omit<ReadOptions, 'params'> {
  readonly sql: string;
  readonly database: string;
  /** Values for `{name:Type}` placeholders, in their text form. */
  readonly params?: { readonly [name: string]: string };
  /** Whether the engine is to refuse what is no question. */
  readonly readOnly: boolean;
  /** The rows of an `INSERT … FORMAT …`. */
  readonly rows?: Uint8Array;
}

/** A whole ClickHouse, which does what it is told. */
export interface SqlEngine {
  run(statement: SqlStatement): AnswerStream;
  close(): Promise<void>;
}
