import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { readFileIfThere, replaceFile } from '../adapters/local-progress/atomic-file.ts';

/** Where everything of one embedded pipeline lies on disk. */
export interface DataFolder {
  readonly root: string;
  /** ClickHouse's own files. Whoever has it open owns the whole folder. */
  readonly store: string;
  readonly eventLog: string;
  readonly deadLetterLog: string;
  /** Ids that do not fit into memory; a cache, refilled at each start. */
  readonly spilledIds: string;
  readonly eventProgress: string;
  readonly deadLetterProgress: string;
  readonly windowProgress: string;
  readonly alertProgress: (alert: string) => string;
  readonly plan: string;
  readonly hashKey: string;
  /** How many duplicates were stopped so far. */
  readonly duplicates: string;
  /** Who has the folder open, for others to find. */
  readonly owner: string;
}

export function dataFolder(root: string): DataFolder {
  const folder = {
    root,
    store: join(root, 'store'),
    eventLog: join(root, 'log', 'events'),
    deadLetterLog: join(root, 'log', 'dead-letters'),
    spilledIds: join(root, 'spilled-ids'),
    eventProgress: join(root, 'progress', 'events.json'),
    deadLetterProgress: join(root, 'progress', 'dead-letters.json'),
    windowProgress: join(root, 'progress', 'windows.json'),
    alertProgress: (alert: string) => join(root, 'progress', `alert-${alert}.json`),
    plan: join(root, 'plan.json'),
    hashKey: join(root, 'hash-key'),
    duplicates: join(root, 'duplicates'),
    owner: join(root, 'owner.json'),
  };
  for (const path of [
    folder.store,
    folder.eventLog,
    folder.deadLetterLog,
    folder.spilledIds,
    join(root, 'progress'),
  ]) {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  }
  return folder;
}

/**
 * The key of the id hash, made once for each data folder: who does not know it
 * cannot make ids that collide.
 */
export async function hashKeyOf(folder: DataFolder): Promise<Uint8Array> {
  const kept = await readFileIfThere(folder.hashKey);
  if (kept !== null) return Buffer.from(kept.trim(), 'hex');
  const key = randomBytes(16);
  await replaceFile(folder.hashKey, `${key.toString('hex')}\n`);
  return key;
}
