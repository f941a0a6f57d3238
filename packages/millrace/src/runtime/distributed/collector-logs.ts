import { join } from 'node:path';
import { lockFolder } from '../../adapters/folder-lock.ts';
import type { KafkaAddress } from '../../adapters/kafka/brokers.ts';
import { openTopicWriter, type TopicWriter } from '../../adapters/kafka/topic-writer.ts';
import { nodeDisk } from '../../adapters/node-disk.ts';
import { openSegmentLog } from '../../adapters/segment-log/segment-log.ts';
import { appendStamp } from '../../collect/append-stamp.ts';
import { topicNames } from '../../compile/kafka/topics.ts';
import type { Plan } from '../../plan/plan.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Log, LogWriter } from '../../ports/log.ts';
import { SpillRoom } from './spill-room.ts';
import { SpillingWriter } from './spilling-writer.ts';

export interface CollectorLogsOptions {
  readonly plan: Plan;
  readonly kafka: KafkaAddress;
  readonly clock: Clock;
  /** Where records wait while Kafka is away, and how much; without it they are refused then. */
  readonly spill: { readonly folder: string; readonly bytesMax: number } | null;
  readonly onProblem: (what: string, error: unknown) => void;
}

/** Where a collector puts what it took. */
export interface CollectorLogs {
  readonly events: LogWriter;
  readonly deadLetters: LogWriter;
  /** Null without a spill. */
  readonly spill: SpillState | null;
  /** Sends what waits, for a while, and says what has to wait for the next start. */
  close(): Promise<void>;
}

export interface SpillState {
  /** Since when Kafka is away (epoch ms); null while it is there. */
  readonly sinceMs: number | null;
  readonly eventsWaiting: number;
  readonly deadLettersWaiting: number;
  readonly bytes: number;
  readonly bytesMax: number;
  readonly isFull: boolean;
}

const mebibyte = 1024 * 1024;
/** Files are deleted whole: what one still holds of what was sent takes a small part of the room. */
const segmentsPerSpill = 16;
const segmentBytesMax = 16 * mebibyte;
/** How long senders wait for Kafka: longer where they have to be sent away then. */
const sendMsMax = { alone: 5_000, spills: 2_000 };
const closeMsMax = 5_000;

/** @throws MillraceError `data_folder_in_use`, `log_corrupt` where the spill is damaged. */
export async function openCollectorLogs(options: CollectorLogsOptions): Promise<CollectorLogs> {
  const { plan, kafka, clock } = options;
  const topics = topicNames(plan);
  const stamp = appendStamp(plan.allowedLatenessMs);
  const world = {
    ...kafka,
    clock,
    sendMsMax: sendMsMax[options.spill === null ? 'alone' : 'spills'],
  };
  const events = openTopicWriter({ ...world, topic: topics.raw, stamp });
  const deadLetters = openTopicWriter({ ...world, topic: topics.deadLetters });
  const writers: Writers = { events, deadLetters };
  if (options.spill === null) {
    return { ...writers, spill: null, close: () => closeAll(writers) };
  }
  return withSpill(writers, options.spill, options);
}

interface Writers {
  readonly events: TopicWriter;
  readonly deadLetters: TopicWriter;
}

async function withSpill(
  writers: Writers,
  { folder, bytesMax }: { readonly folder: string; readonly bytesMax: number },
  { clock, onProblem }: CollectorLogsOptions,
): Promise<CollectorLogs> {
  const open = (name: string): Promise<Log> =>
    openSegmentLog({
      folder: join(folder, name),
      clock,
      segmentBytes: Math.min(segmentBytesMax, Math.floor(bytesMax / segmentsPerSpill)),
    });
  await nodeDisk.makeFolder(folder);
  const lock = await lockFolder(folder);
  const spilledEvents = await open('events');
  const spilledLetters = await open('dead-letters');
  const room = new SpillRoom(bytesMax, [spilledEvents, spilledLetters]);
  const shared = { room, clock };
  const events = new SpillingWriter({
    ...shared,
    target: writers.events,
    spill: spilledEvents,
    onProblem: (error) => onProblem('events go to the spill', error),
  });
  const deadLetters = new SpillingWriter({
    ...shared,
    target: writers.deadLetters,
    spill: spilledLetters,
    onProblem: (error) => onProblem('dead letters go to the spill', error),
  });
  return {
    events,
    deadLetters,
    get spill() {
      const since = [events.sinceMs, deadLetters.sinceMs].filter((ms) => ms !== null);
      return {
        sinceMs: since.length === 0 ? null : Math.min(...since),
        eventsWaiting: events.waiting,
        deadLettersWaiting: deadLetters.waiting,
        bytes: room.usedBytes,
        bytesMax,
        isFull: room.isFull,
      };
    },
    async close() {
      await Promise.all([events.close(closeMsMax), deadLetters.close(closeMsMax)]);
      await closeAll(writers);
      await Promise.all([spilledEvents.close(), spilledLetters.close()]);
      await lock.release();
      const waiting = events.waiting + deadLetters.waiting;
      if (waiting > 0) {
        const place = `${waiting} events are in ${folder}`;
        onProblem('stopped while Kafka is away', new Error(`${place}; the next start sends them`));
      }
    },
  };
}

async function closeAll({ events, deadLetters }: Writers): Promise<void> {
  await Promise.all([events.close(), deadLetters.close()]);
}
