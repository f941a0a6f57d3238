import type { Clock } from '../../ports/clock.ts';
import type { KafkaAddress } from './brokers.ts';
import { PartitionReader } from './partition-reader.ts';
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
    const entries: JournalEntry[] = [];
    for (let offset = reader.start; ; ) {
      const slice = await reader.read(offset, { rowsMax: 1, bytesMax: 1 });
      if (slice.to === slice.from) return entries;
      const line = Buffer.from(slice.lines).toString().trimEnd();
      entries.push({ offset: slice.from, atMs: slice.appendedAt, line });
      offset = slice.to;
    }
  } finally {
    await reader.close();
  }
}
