import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { openChdbEncoder } from '../../../adapters/chdb/chdb-encoder.ts';
import type { KafkaAddress } from '../../../adapters/kafka/brokers.ts';
import { PartitionReader } from '../../../adapters/kafka/partition-reader.ts';
import { forgetfulLog } from '../../../forget/forgetful-log.ts';
import type { OffsetSet } from '../../../forget/offset-set.ts';
import { type ArchiveSettings, openArchive } from '../../open-archive.ts';
import { type ReplayedPart, type ReplayHistory, replayHistory } from '../../replay-history.ts';

export interface HistorySettings extends ArchiveSettings {
  /** For reading the archive. */
  readonly storeMemoryMb: number;
}

/** What there ever was in the clean log, as the log and the archive have it. */
export interface History {
  /** Does work with what there is of a partition. */
  read<Result>(
    from: ReplayedPart['from'],
    partition: number,
    work: (history: ReplayHistory) => Promise<Result>,
  ): Promise<Result>;
  close(): Promise<void>;
}

/** Nothing is opened before it is read. */
export function openHistory(
  settings: HistorySettings,
  {
    kafka,
    topic,
    forgotten,
  }: {
    readonly kafka: KafkaAddress;
    readonly topic: string;
    /** Offsets of a partition that are not to be read. */
    readonly forgotten: (partition: number) => OffsetSet;
  },
): History {
  let reading: Promise<ParquetReader> | undefined;
  const decoder = {
    async decode(files: readonly Uint8Array[]) {
      reading ??= openParquetReader(settings.storeMemoryMb);
      return (await reading).engine.decode(files);
    },
  };
  return {
    async read(from, partition, work) {
      const archive = from === 'archive' ? await openArchive(settings) : null;
      const log = await PartitionReader.open({ ...kafka, topic, partition });
      try {
        return await work(
          replayHistory({
            ...{ log, decoder, partition, objects: archive?.objects ?? null },
            forgetful: (whole) => forgetfulLog(whole, () => forgotten(partition)),
          }),
        );
      } finally {
        await log.close();
      }
    },
    async close() {
      await (await reading)?.close();
    },
  };
}

export interface ParquetReader {
  readonly engine: ReturnType<typeof openChdbEncoder>;
  close(): Promise<void>;
}

/** Reads and makes files of an archive. */
export async function openParquetReader(memoryMb: number): Promise<ParquetReader> {
  // The engine takes half a second to load, which those who read no archive need not wait for.
  const { openChdbEncoder } = await import('../../../adapters/chdb/chdb-encoder.ts');
  const folder = await mkdtemp(join(tmpdir(), 'millrace-replay-'));
  const engine = openChdbEncoder({ folder, memoryBytesMax: memoryMb * 1024 * 1024 });
  return {
    engine,
    async close() {
      await engine.close();
      await rm(folder, { recursive: true });
    },
  };
}
