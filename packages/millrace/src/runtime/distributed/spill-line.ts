import type { LogRecord } from '../../ports/log.ts';

/**
 * A record with its key as one line: the key as JSON, a tab, the value. JSON
 * escapes tabs, so the first one ends the key.
 */
export const spillLine = ({ key, value }: LogRecord): LogRecord => ({
  key,
  value: `${JSON.stringify(key)}\t${value}`,
});

/** The records of lines that `spillLine` wrote, each with its newline. */
export const recordsOf = (lines: Uint8Array): readonly LogRecord[] =>
  Buffer.from(lines).toString().split('\n').slice(0, -1).map(recordOf);

function recordOf(line: string): LogRecord {
  const end = line.indexOf('\t');
  const key: unknown = JSON.parse(line.slice(0, end));
  return { key: String(key), value: line.slice(end + 1) };
}
