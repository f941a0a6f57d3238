import { UserError } from '@platformatic/kafka';
import type { Clock } from '../../ports/clock.ts';
import { Brokers, type KafkaAddress } from './brokers.ts';
import { latest, offsetAt, PartitionReader } from './partition-reader.ts';
import { openTopicWriter } from './topic-writer.ts';

/** One entry, in the order in which Kafka took them. */
export interface JournalEntry {
  readonly offset: number;
  /** When the broker took it (epoch ms, by the broker's clock), where the topic is set so. */
  readonly atMs: number;
  readonly line: string;
}

/** A topic of one partition: entries that all readers find in the same order. */
export interface Journal {
  /** All that there are by now. */
  read(): Promise<readonly JournalEntry[]>;
  /** Resolves once Kafka has it. @throws MillraceError `log_unavailable`: it may be there all the same. */
  append(line: string): Promise<void>;
  close(): Promise<void>;
}

export function openJournal(options: KafkaAddress & { topic: string; clock: Clock }): Journal {
  const writer = openTopicWriter(options);
  return {
    read: () => readAll(options),
    append: async (line) => {
      await writer.append([{ key: '', value: line }]);
    },
    close: () => writer.close(),
  };
}

/** The entries of a topic that need not be written. */
export async function readAll(
  options: KafkaAddress & { topic: string },
): Promise<readonly JournalEntry[]> {
  const reader = await PartitionReader.open({ ...options, partition: 0 });
  try {
    return await readOn(reader, reader.start);
  } finally {
    await reader.close();
  }
}

async function readOn(reader: PartitionReader, from: number): Promise<readonly JournalEntry[]> {
  const entries: JournalEntry[] = [];
  for (let offset = from; ; ) {
    const slice = await reader.read(offset, { rowsMax: 1, bytesMax: 1 });
    if (slice.to === slice.from) return entries;
    const line = Buffer.from(slice.lines).toString().trimEnd();
    entries.push({ offset: slice.from, atMs: slice.appendedAt, line });
    offset = slice.to;
  }
}

/** Whoever asks will ask again. */
const answerMsMax = 5_000;

export interface JournalFollowerOptions<State> extends KafkaAddress {
  readonly topic: string;
  /** What a journal without entries says. */
  readonly begin: State;
  /** What it says with one entry more. */
  readonly after: (state: State, entry: JournalEntry) => State;
}

/** Knows what a journal says that others write. */
export class JournalFollower<State> {
  readonly #options: JournalFollowerOptions<State>;
  readonly #brokers: Brokers;
  #state: State;
  #readTo = 0;

  constructor(options: JournalFollowerOptions<State>) {
    this.#options = options;
    this.#brokers = new Brokers(options, answerMsMax);
    this.#state = options.begin;
  }

  /** What it says by now: nothing where nobody has made the topic. @throws what is in the way. */
  async look(): Promise<State> {
    const { topic, begin, after } = this.#options;
    const end = await this.#end();
    if (end < this.#readTo) throw new Error(`${topic} lacks what it had.`);
    if (end === this.#readTo) return this.#state;
    const reader = await PartitionReader.open({ ...this.#options, partition: 0 });
    try {
      const from = Math.max(this.#readTo, reader.start);
      const entries = await readOn(reader, from);
      // Entries that are deleted were said again by those behind them.
      this.#state = entries.reduce(after, from > this.#readTo ? begin : this.#state);
      this.#readTo = Math.max(from, (entries.at(-1)?.offset ?? -1) + 1);
      return this.#state;
    } finally {
      await reader.close();
    }
  }

  close(): Promise<void> {
    return this.#brokers.close();
  }

  async #end(): Promise<number> {
    try {
      return await offsetAt(latest, this.#brokers, { topic: this.#options.topic, partition: 0 });
    } catch (error) {
      this.#brokers.forget();
      // So the library says that there is no such topic.
      if (error instanceof UserError) return 0;
      throw error;
    }
  }
}
