import type { LogHeaders, LogRecord } from '../../ports/log.ts';

const none: LogHeaders = {};

/**
 * A record with its key and headers as one line: both as JSON, the value, with
 * tabs between. JSON escapes tabs, so the first two are these.
 */
export const spillLine = ({ key, value, headers = none }: LogRecord): LogRecord => ({
  key,
  value: `${JSON.stringify(key)}\t${JSON.stringify(headers)}\t${value}`,
});

/** The records of lines that `spillLine` wrote, each with its newline. */
export const recordsOf = (lines: Uint8Array): readonly LogRecord[] =>
  Buffer.from(lines).toString().split('\n').slice(0, -1).map(recordOf);

function recordOf(line: string): LogRecord {
  const keyEnd = line.indexOf('\t');
  const headersEnd = line.indexOf('\t', keyEnd + 1);
  const key: unknown = JSON.parse(line.slice(0, keyEnd));
  const headers: LogHeaders = JSON.parse(line.slice(keyEnd + 1, headersEnd));
  return { key: String(key), value: line.slice(headersEnd + 1), headers };
}
