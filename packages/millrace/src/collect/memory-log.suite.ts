import type { AppendOptions, AppendReceipt, LogRecord, LogWriter } from '../ports/log.ts';

/** Keeps what is appended to it, for tests of what is appended. */
export class MemoryLog implements LogWriter {
  readonly records: LogRecord[] = [];
  readonly calls: { readonly count: number; readonly options: AppendOptions | undefined }[] = [];

  async append(records: readonly LogRecord[], options?: AppendOptions): Promise<AppendReceipt> {
    this.calls.push({ count: records.length, options });
    const known = new Set(this.records.map(({ key }) => key));
    const fresh = records.filter(({ key }) => !known.has(key));
    this.records.push(...fresh);
    return { appended: fresh.length, duplicates: records.length - fresh.length };
  }

  marks(): ReadonlyMap<string, number> {
    const marks = this.calls.flatMap(({ options }) => options?.mark ?? []);
    return new Map(marks.map(({ producer, position }) => [producer, position]));
  }

  get lines(): string[] {
    return this.records.map(({ value }) => value);
  }

  /** The records as JSON objects. */
  get values(): Record<string, unknown>[] {
    return this.lines.map((line) => JSON.parse(line));
  }
}
