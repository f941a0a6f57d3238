import type { SqlType } from '../../define/property-types.ts';

/** The syntax of the generated Flink SQL, as immutable data. `print` makes text of it. */

export type Expression =
  | { readonly node: 'column'; readonly name: string }
  | { readonly node: 'literal'; readonly value: number }
  | { readonly node: 'call'; readonly name: string; readonly arguments: readonly Expression[] }
  | { readonly node: 'equal'; readonly left: Expression; readonly right: Expression }
  | {
      readonly node: 'row number';
      readonly partitionBy: Expression;
      readonly orderBy: Expression;
    };

export interface Selected {
  readonly expression: Expression;
  readonly as: string;
}

export interface Select {
  readonly columns: readonly Selected[];
  readonly from: string | Select;
  readonly where?: Expression;
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

export interface Options {
  readonly [name: string]: string;
}

export type Statement =
  | {
      readonly node: 'create table';
      readonly name: string;
      readonly columns: readonly ColumnDefinition[];
      readonly options: Options;
    }
  | { readonly node: 'insert'; readonly into: string; readonly select: Select };

export const column = (name: string): Expression => ({ node: 'column', name });
export const literal = (value: number): Expression => ({ node: 'literal', value });
export const call = (name: string, ...args: readonly Expression[]): Expression => ({
  node: 'call',
  name,
  arguments: args,
});
export const equal = (left: Expression, right: Expression): Expression => ({
  node: 'equal',
  left,
  right,
});
