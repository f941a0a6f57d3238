export interface RowsWithProgress {
  /** A JSON object each, as the store wrote it. */
  readonly lines: readonly string[];
  readonly rowsRead: number;
  readonly bytesRead: number;
}

const rowStart = '{"row":';

/**
 * What lines of the format `JSONEachRowWithProgress` say. The engine inside a process
 * counts what it has read nowhere else: of its own accord it tells the rows of the result.
 */
export function rowsWithProgress(answer: readonly string[]): RowsWithProgress {
  const lines: string[] = [];
  let [rowsRead, bytesRead] = [0, 0];
  for (const line of answer) {
    if (line.startsWith(rowStart)) {
      lines.push(line.slice(rowStart.length, -1));
      continue;
    }
    const { progress, exception }: ProgressLine = JSON.parse(line);
    if (exception !== undefined) throw new Error(exception);
    // It may be told as it grows, and never falls.
    rowsRead = Math.max(rowsRead, Number(progress?.read_rows ?? 0));
    bytesRead = Math.max(bytesRead, Number(progress?.read_bytes ?? 0));
  }
  return { lines, rowsRead, bytesRead };
}

interface ProgressLine {
  readonly progress?: { readonly read_rows?: string; readonly read_bytes?: string };
  readonly exception?: string;
}
