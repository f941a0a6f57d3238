import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { readFileIfThere, replaceFile } from '../adapters/atomic-file.ts';
import type { Disk } from '../ports/disk.ts';

/** Where everything of one embedded pipeline lies on disk. */
export interface DataFolder {
  readonly root: string;
  readonly logs: string;
  readonly progress: string;
  /** ClickHouse's own files. Whoever has it open owns the whole folder. */
  readonly store: string;
  readonly eventLog: string;
  readonly deadLetterLog: string;
  /** Ids that do not fit into memory; a cache, refilled at each start. */
  readonly spilledIds: string;
  readonly eventProgress: string;
  readonly deadLetterProgress: string;
  readonly windowProgress: string;
  /** Which versions of windows there are. */
  readonly windowVersions: string;
  readonly rollupProgress: string;
  /** Who is being forgotten, and which events were. */
  readonly forgetProgress: string;
  readonly alertProgress: (alert: string) => string;
  readonly plan: string;
  readonly hashKey: string;
  /** How many duplicates were stopped so far. */
  readonly duplicates: string;
  /** There while the folder is being restored from an archive. */
  readonly restore: string;
  /** Who has the folder open, for others to find. */
  readonly owner: string;
}

export function dataFolder(root: string): DataFolder {
  const logs = join(root, 'log');
  const progress = join(root, 'progress');
  return {
    root,
    logs,
    progress,
    store: join(root, 'store'),
    eventLog: join(logs, 'events'),
    deadLetterLog: join(logs, 'dead-letters'),
    spilledIds: join(root, 'spilled-ids'),
    eventProgress: join(progress, 'events.json'),
    deadLetterProgress: join(progress, 'dead-letters.json'),
    windowProgress: join(progress, 'windows.json'),
    windowVersions: join(progress, 'window-versions.json'),
    rollupProgress: join(progress, 'rollups.json'),
    forgetProgress: join(progress, 'forgotten.json'),
    alertProgress: (alert: string) => join(progress, `alert-${alert}.json`),
    plan: join(root, 'plan.json'),
    hashKey: join(root, 'hash-key'),
    duplicates: join(root, 'duplicates'),
    restore: join(root, 'restore.json'),
    owner: join(root, 'owner.json'),
  };
}

/** Makes what is missing of the folders. What is put into them later is not lost with their names. */
export async function makeDataFolder(folder: DataFolder, disk: Disk): Promise<void> {
  const { root, store, logs, eventLog, deadLetterLog, progress } = folder;
  for (const path of [root, store, logs, eventLog, deadLetterLog, progress]) {
    await disk.makeFolder(path);
  }
}

/**
 * Makes durable which small files there are. One that a process replaced just
 * before it died is read as it left it; without this a power failure could bring
 * the one before it back, after work was done on the word of the new one.
 */
export async function keepNames({ root, progress }: DataFolder, disk: Disk): Promise<void> {
  await disk.syncFolder(root);
  await disk.syncFolder(progress);
}

/**
 * The key of the id hash, made once for each data folder: who does not know it
 * cannot make ids that collide.
 */
export async function hashKeyOf(folder: DataFolder, disk: Disk): Promise<Uint8Array> {
  const kept = await readFileIfThere(disk, folder.hashKey);
  if (kept !== null) return Buffer.from(kept.trim(), 'hex');
  const key = randomBytes(16);
  await replaceFile(disk, folder.hashKey, `${key.toString('hex')}\n`);
  return key;
}
