import { MillraceError } from '../../errors.ts';
import { isLoopback } from '../../server/address.ts';
import type { ArchiveSettings } from '../open-archive.ts';
import type { CacheSettings } from '../open-cache.ts';

/** What a role's process is told. */
export interface RoleSettings extends ArchiveSettings, CacheSettings {
  readonly archiveCompactRanges: number;
  readonly pipeline: string;
  readonly host: string;
  readonly port: number;
  readonly writeKeys: readonly string[];
  readonly readKeys: readonly string[];
  /** Signs the calls of alerts. */
  readonly webhookSecret: string;
  /** Where a collector keeps what it took while Kafka is away; null if nowhere. */
  readonly data: string | null;
  readonly spillMb: number;
  /** `host:port` of some of Kafka's brokers. */
  readonly kafka: readonly string[];
  /** Of other producers, for a gate; empty for the pipeline's name and `.ingest`. */
  readonly ingestTopic: string;
  /** Of ClickHouse's HTTP interface. */
  readonly storeUrl: string;
  readonly storeUser: string;
  readonly storePassword: string;
  readonly storeMemoryMb: number;
  /** What a question may read of a table. */
  readonly questionRowsMax: number;
}

/** A role that runs. */
export interface RunningRole {
  readonly url: string;
  /** Ends what is under way, and loses nothing. */
  close(): Promise<void>;
}

/** @throws MillraceError `key_required` where a role that needs keys can be reached from elsewhere without. */
export function requireKeys(host: string, keys: readonly string[], what: string): void {
  if (isLoopback(host) || keys.length > 0) return;
  throw new MillraceError(
    'key_required',
    `Bound to ${host}, the ${what} can be reached from other machines, so it needs keys.`,
  );
}
