import { call, column, type Expression, infix, literal } from './nodes.ts';

/** Rows go once `name` is longer ago than `keepMs`; null keeps them for ever. */
export const ttl = (name: string, keepMs: number | null): Expression | null =>
  keepMs === null
    ? null
    : infix('+', column(name), call('toIntervalSecond', literal(seconds(keepMs))));

/** Whole ones: rounded up, so that nothing goes too soon. */
export const seconds = (ms: number): number => Math.ceil(ms / 1_000);
