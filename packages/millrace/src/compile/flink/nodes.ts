import type { SqlType } from '../../define/property-types.ts';

/** The syntax of the generated Flink SQL, as immutable data. `print` makes text of it. */

export type InfixOperator =
  | '='
  | '<>'
  | '<'
  | '<='
  | '>'
  | '>='
  | 'AND'
  | 'OR'
  | '+'
  | '-'
  | '*'
  | '/';

export type Expression =
  /** A column, and the fields inside it when it is a row. */
  | { readonly node: 'column'; readonly path: readonly string[] }
  | { readonly node: 'literal'; readonly value: number | boolean | string }
  | { readonly node: 'cast'; readonly value: Expression; readonly type: SqlType }
  | { readonly node: 'call'; readonly name: string; readonly arguments: readonly Expression[] }
  | {
      readonly node: 'infix';
      readonly operator: InfixOperator;
      readonly operands: readonly Expression[];
    }
  | { readonly node: 'not'; readonly operand: Expression }
  | { readonly node: 'is not null'; readonly operand: Expression }
  | { readonly node: 'in'; readonly value: Expression; readonly among: readonly Expression[] }
  /** The value where the condition holds, and null elsewhere. */
  | { readonly node: 'where'; readonly condition: Expression; readonly value: Expression }
  | { readonly node: 'count rows' }
  /** An array of those that are not null: each once, or as often as it comes. */
  | { readonly node: 'values'; readonly of: Expression; readonly distinct: boolean }
  | { readonly node: 'day of month'; readonly of: Expression }
  | {
      readonly node: 'row number';
      readonly partitionBy: Expression;
      readonly orderBy: Expression;
    };

export interface Selected {
  readonly expression: Expression;
  readonly as: string;
}

/** Rows of a table or view in windows, by a time column. */
export interface Windows {
  readonly node: 'windows';
  readonly of: string;
  readonly by: string;
  readonly span: /** One after the other. */
    | { readonly kind: 'tumbling'; readonly sizeMs: number }
    | { readonly kind: 'hopping'; readonly sizeMs: number; readonly everyMs: number }
    /** Of the rows that have the same in these columns. Two rows exactly the gap apart are in one. */
    | {
        readonly kind: 'session';
        readonly gapMs: number;
        readonly partitionBy: readonly Expression[];
      };
}

export interface Select {
  readonly columns: readonly Selected[];
  readonly from: string | Select | Windows;
  readonly where?: Expression;
  readonly groupBy?: readonly Expression[];
}

export type ColumnDefinition =
  | { readonly kind: 'physical'; readonly name: string; readonly type: SqlType }
  | {
      readonly kind: 'metadata';
      readonly name: string;
      readonly type: SqlType;
      readonly from: string;
    }
  | { readonly kind: 'computed'; readonly name: string; readonly expression: Expression };

/** The column of event time, and before which time no row comes any more; null says nothing. */
export interface Watermark {
  readonly column: string;
  readonly expression: Expression;
}

export interface Options {
  readonly [name: string]: string;
}

export type Statement =
  | {
      readonly node: 'create table';
      readonly name: string;
      readonly columns: readonly ColumnDefinition[];
      readonly watermark?: Watermark;
      readonly options: Options;
    }
  | { readonly node: 'create view'; readonly name: string; readonly select: Select }
  | { readonly node: 'insert'; readonly into: string; readonly select: Select };

export const column = (...path: readonly string[]): Expression => ({ node: 'column', path });
export const literal = (value: number | boolean | string): Expression => ({
  node: 'literal',
  value,
});
export const cast = (value: Expression, type: SqlType): Expression => ({
  node: 'cast',
  value,
  type,
});
export const call = (name: string, ...args: readonly Expression[]): Expression => ({
  node: 'call',
  name,
  arguments: args,
});
export const infix = (operator: InfixOperator, ...operands: readonly Expression[]): Expression => ({
  node: 'infix',
  operator,
  operands,
});
