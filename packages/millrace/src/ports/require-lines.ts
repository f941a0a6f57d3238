import type { LogRecord } from './log.ts';

/** @throws RangeError where a record's value is more than one line, as logs cannot keep it. */
export function requireLines(records: readonly LogRecord[]): void {
  const wrong = records.find(({ value }) => value.includes('\n'));
  if (wrong !== undefined) throw new RangeError(`The record ${wrong.key} is more than one line.`);
}
