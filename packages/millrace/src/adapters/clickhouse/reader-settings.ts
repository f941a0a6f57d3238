/** Statements over stored rows: times are UTC; and compiled, min and max of times before 1970 come out wrong. */
export const asReadersExpect = {
  session_timezone: 'UTC',
  compile_aggregate_expressions: 0,
} as const;
