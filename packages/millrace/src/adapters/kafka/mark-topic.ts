import { setTimeout as sleep } from 'node:timers/promises';
import type { LogMark, LogRecord } from '../../ports/log.ts';
import type { KafkaAddress } from './brokers.ts';
import { PartitionReader } from './partition-reader.ts';
import { TopicOffsets } from './topic-offsets.ts';

/** As a compacted topic keeps it: of each producer the last. */
export const markRecord = ({ producer, position }: LogMark): LogRecord => ({
  key: producer,
  value: JSON.stringify({ producer, position }),
});

const lookAgainMs = 100;
/** Longer than a transaction may be open, and Kafka take until it has noticed. */
const openMsMax = 60_000;

/**
 * The last position of each producer in a topic of one partition. What is being
 * written at the moment is waited for: behind it nobody can read.
 */
export async function readMarks(
  options: KafkaAddress & { readonly topic: string },
): Promise<ReadonlyMap<string, number>> {
  const end = await endOf(options);
  const reader = await PartitionReader.open({ ...options, partition: 0 });
  try {
    const marks = new Map<string, number>();
    const deadline = performance.now() + openMsMax;
    for (let at = reader.start; at < end; ) {
      const { records, to } = await reader.records(at);
      for (const { value } of records) {
        const { producer, position } = markIn(value);
        marks.set(producer, position);
      }
      if (to === at) {
        if (performance.now() > deadline)
          throw new Error(`A transaction in ${options.topic} does not end.`);
        await sleep(lookAgainMs);
        await reader.look();
      }
      at = to;
    }
    return marks;
  } finally {
    await reader.close();
  }
}

async function endOf(options: KafkaAddress & { readonly topic: string }): Promise<number> {
  const offsets = new TopicOffsets(options);
  try {
    const [end = 0] = await offsets.ends(options.topic);
    return end;
  } finally {
    await offsets.close();
  }
}

function markIn(value: Buffer | null): LogMark {
  const mark: unknown = JSON.parse(String(value));
  if (typeof mark === 'object' && mark !== null && 'producer' in mark && 'position' in mark) {
    const { producer, position } = mark;
    if (typeof producer === 'string' && typeof position === 'number') return { producer, position };
  }
  throw new Error(`${value} is no mark.`);
}
