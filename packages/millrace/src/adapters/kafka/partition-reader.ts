import { fetchV17, listOffsetsV9, ResponseError } from '@platformatic/kafka';
import { MillraceError } from '../../errors.ts';
import { heartbeatKey } from '../../ports/heartbeats.ts';
import type { IngestReader } from '../../ports/ingest-reader.ts';
import type { LogReader, LogSlice, SliceLimits } from '../../ports/log.ts';
import { Turns } from '../../turns.ts';
import { Brokers, type KafkaAddress } from './brokers.ts';
import { endOf, type VisibleRecord, visibleRecords } from './visible-records.ts';

export interface PartitionReaderOptions extends KafkaAddress {
  readonly topic: string;
  readonly partition: number;
  /** Records that nobody is to see, by their key. Default: heartbeats. */
  readonly isPassedOver?: (key: Buffer | null) => boolean;
}

const readCommitted = 1;
const earliest = -2n;
export const latest = -1n;
/** How long a broker holds a fetch back for lack of records, and so how long another read may wait. */
const fetchWaitMs = 250;
const fetchBytesMax = 8 * 1024 * 1024;
const retryMs = 250;

/** Records that were fetched, from one offset to another: those that are visible. */
interface Fetched {
  readonly from: number;
  readonly to: number;
  readonly records: readonly VisibleRecord[];
}

/**
 * One partition of a topic, as committed transactions left it.
 *
 * Offsets between two records may be missing, where a transaction ended or was
 * aborted: a slice ends there, and the next one begins behind it.
 */
export class PartitionReader implements LogReader, IngestReader {
  readonly #options: PartitionReaderOptions;
  readonly #brokers: Brokers;
  readonly #fetches = new Turns();
  #start: number;
  #end: number;
  #fetched: Fetched;

  private constructor(
    options: PartitionReaderOptions,
    { brokers, start, end }: { brokers: Brokers; start: number; end: number },
  ) {
    this.#options = options;
    this.#brokers = brokers;
    this.#start = start;
    this.#end = end;
    this.#fetched = { from: start, to: start, records: [] };
  }

  static async open(options: PartitionReaderOptions): Promise<PartitionReader> {
    const brokers = new Brokers(options);
    try {
      const start = await offsetAt(earliest, brokers, options);
      const end = await offsetAt(latest, brokers, options);
      return new PartitionReader(options, { brokers, start, end });
    } catch (error) {
      await brokers.close();
      throw error;
    }
  }

  get start(): number {
    return this.#start;
  }

  get end(): number {
    return this.#end;
  }

  /** Asks how far it goes by now, and reads nothing of it. */
  async look(): Promise<void> {
    try {
      this.#end = Math.max(this.#end, await offsetAt(latest, this.#brokers, this.#options));
    } catch (error) {
      this.#brokers.forget();
      throw error;
    }
  }

  async read(from: number, { rowsMax, bytesMax }: SliceLimits): Promise<LogSlice> {
    for (;;) {
      const run = runFrom(this.#recordsFrom(from), Math.max(1, rowsMax), bytesMax);
      if (run.length > 0) return sliceOf(run);
      const next = this.#isFetched(from) ? this.#fetched.to : from;
      // What is left are ends of transactions, and what was aborted.
      if (next >= this.#end) return { from: next, to: next, lines: noLines, appendedAt: 0 };
      await this.#fetches.take(() => this.#fetch(next, 0));
    }
  }

  async records(
    from: number,
  ): Promise<{ readonly records: readonly VisibleRecord[]; readonly to: number }> {
    let records = this.#recordsFrom(from);
    const next = this.#isFetched(from) ? this.#fetched.to : from;
    if (records.length === 0 && next < this.#end) {
      await this.#fetches.take(() => this.#fetch(next, 0));
      records = this.#recordsFrom(from);
    }
    return { records, to: this.#isFetched(from) ? this.#fetched.to : from };
  }

  async waitPast(offset: number, signal: AbortSignal): Promise<void> {
    while (this.#end <= offset && !signal.aborted) {
      try {
        await this.#fetches.take(async () => {
          if (this.#end <= offset && !signal.aborted) {
            await this.#fetch(Math.max(this.#fetched.to, this.#start), fetchWaitMs);
          }
        });
      } catch {
        // A broker is away: the next read says so if it stays away.
        await pause(retryMs, signal);
      }
    }
  }

  close(): Promise<void> {
    return this.#brokers.close();
  }

  #isFetched(offset: number): boolean {
    return offset >= this.#fetched.from && offset <= this.#fetched.to;
  }

  #recordsFrom(offset: number): readonly VisibleRecord[] {
    if (!this.#isFetched(offset)) return [];
    const { records, to } = this.#fetched;
    const first = records.findIndex((record) => record.offset >= offset);
    // What lies before is not asked for again, but after a failure.
    const rest = first < 0 ? [] : records.slice(first);
    this.#fetched = { from: offset, to, records: rest };
    return rest;
  }

  /** Adds what comes next to what there is, or begins anew elsewhere. */
  async #fetch(from: number, waitMs: number): Promise<void> {
    const { topic, partition } = this.#options;
    const asked = {
      partition,
      currentLeaderEpoch: -1,
      fetchOffset: BigInt(from),
      lastFetchedEpoch: -1,
      partitionMaxBytes: fetchBytesMax,
    };
    try {
      const { connection, topicId } = await this.#brokers.leaderOf(topic, partition);
      const topics = [{ topicId, partitions: [asked] }];
      const response = await fetchV17.api.async(
        connection,
        waitMs,
        1,
        fetchBytesMax,
        readCommitted,
        0,
        0,
        topics,
        [],
        '',
      );
      const found = response.responses[0]?.partitions[0];
      if (found === undefined) return;
      this.#start = Number(found.logStartOffset);
      this.#end = Math.max(this.#end, Number(found.lastStableOffset));
      const records = visibleRecords(found, from, this.#options.isPassedOver ?? isHeartbeat);
      const to = endOf(found, from);
      this.#fetched =
        from === this.#fetched.to
          ? { from: this.#fetched.from, to, records: [...this.#fetched.records, ...records] }
          : { from, to, records };
    } catch (error) {
      this.#brokers.forget();
      throw outOfRange(error) ? this.#outOfRange(from, error) : error;
    }
  }

  #outOfRange(offset: number, cause: unknown): MillraceError {
    const { topic, partition } = this.#options;
    const what = `Offset ${offset} of ${topic}, partition ${partition}, was asked for`;
    return offset < this.#end
      ? new MillraceError('log_trimmed', `${what}; it begins later.`, { cause })
      : new MillraceError('log_corrupt', `${what}; it ends before.`, { cause });
  }
}

export async function offsetAt(
  timestamp: bigint,
  brokers: Brokers,
  { topic, partition }: Pick<PartitionReaderOptions, 'topic' | 'partition'>,
): Promise<number> {
  const { connection } = await brokers.leaderOf(topic, partition);
  const partitions = [{ partitionIndex: partition, currentLeaderEpoch: -1, timestamp }];
  const topics = [{ name: topic, partitions }];
  const found = await listOffsetsV9.api.async(connection, -1, readCommitted, topics);
  return Number(found.topics[0]?.partitions[0]?.offset ?? 0);
}

const outOfRange = (error: unknown): boolean =>
  error instanceof ResponseError && error.findBy('apiId', 'OFFSET_OUT_OF_RANGE') !== null;

/** The first records, as long as no offset is missing between them. */
function runFrom(
  records: readonly VisibleRecord[],
  rowsMax: number,
  bytesMax: number,
): readonly VisibleRecord[] {
  let rows = 0;
  let bytes = 0;
  for (const record of records) {
    const first = records[0]?.offset ?? 0;
    if (rows === rowsMax || record.offset !== first + rows) break;
    bytes += lineOf(record).length + 1;
    if (rows > 0 && bytes > bytesMax) break;
    rows += 1;
  }
  return records.slice(0, rows);
}

function lineOf({ offset, value }: VisibleRecord): Buffer {
  if (value === null) throw new Error(`The record at offset ${offset} has no value.`);
  return value;
}

const heartbeatByte = heartbeatKey.charCodeAt(0);
const isHeartbeat = (key: Buffer | null): boolean => key?.[0] === heartbeatByte;

const noLines = new Uint8Array();
const newline = Buffer.from('\n');

function sliceOf(run: readonly VisibleRecord[]): LogSlice {
  const from = run[0]?.offset ?? 0;
  return {
    from,
    to: from + run.length,
    lines: Buffer.concat(run.flatMap((record) => [lineOf(record), newline])),
    appendedAt: run.reduce((newest, { timestamp }) => Math.max(newest, timestamp), 0),
  };
}

const pause = (durationMs: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, durationMs);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
