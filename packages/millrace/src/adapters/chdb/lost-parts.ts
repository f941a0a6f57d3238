import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from '../../has-code.ts';
import { isMissing } from '../../ports/disk.ts';
import { replaceFile } from '../atomic-file.ts';
import { nodeDisk } from '../node-disk.ts';

/** A file of tokens without those of parts that are not there. */
export interface MendedTokens {
  readonly path: string;
  readonly text: string;
}

const logsFolder = 'deduplication_logs';
const added = '1';
/** `PARTITION_FIRSTBLOCK_LASTBLOCK_LEVEL`, and a mutation's number behind it if there was one. */
const partName = /^(.+)_(\d+)_(\d+)_\d+(?:_\d+)?$/;

/**
 * The engine writes down that it has a part's token just before the part gets
 * its name. Killed between the two it knows the token and has no part: it would
 * drop the insert that is repeated, and the rows would be lost. So tokens of
 * parts that are neither there nor in a merged one are to be forgotten.
 *
 * A token is forgotten as well whose part was dropped by age. Nothing is
 * inserted again that long after.
 *
 * @param folder the engine's, which this process has open.
 * @returns what the files should hold, of those that hold something else.
 */
export async function lostTokens(folder: string): Promise<readonly MendedTokens[]> {
  const tables = await tableFolders(join(folder, 'store'));
  return (await Promise.all(tables.map(mendedOf))).flat();
}

/**
 * The engine must not be open.
 *
 * @param folder the engine's.
 */
export async function forgetTokens(mended: readonly MendedTokens[], folder: string): Promise<void> {
  // Beside the tables: the engine would take what a crash left in theirs for one of its own.
  const fresh = join(folder, 'tokens.new');
  for (const { path, text } of mended) await replaceFile(nodeDisk, path, text, fresh);
}

async function tableFolders(store: string): Promise<readonly string[]> {
  const groups = await namesIn(store);
  const tables = groups.map(async (group) =>
    (await namesIn(join(store, group))).map((table) => join(store, group, table)),
  );
  return (await Promise.all(tables)).flat();
}

async function mendedOf(table: string): Promise<readonly MendedTokens[]> {
  const logs = await namesIn(join(table, logsFolder));
  if (logs.length === 0) return [];
  const parts = (await namesIn(table)).flatMap((name) => blocksOf(name) ?? []);
  const files = logs.map(async (name) => {
    const path = join(table, logsFolder, name);
    const before = await readFile(path, 'utf8');
    const lines = before.split('\n');
    const text = lines.filter((line) => !isOfLostPart(line, parts)).join('\n');
    return text === before ? [] : [{ path, text }];
  });
  return (await Promise.all(files)).flat();
}

interface Blocks {
  readonly partition: string;
  readonly first: number;
  readonly last: number;
}

function blocksOf(name: string): Blocks | undefined {
  const [, partition, first, last] = partName.exec(name) ?? [];
  if (partition === undefined) return undefined;
  return { partition, first: Number(first), last: Number(last) };
}

function isOfLostPart(line: string, parts: readonly Blocks[]): boolean {
  const [operation, name = ''] = line.split('\t');
  const blocks = blocksOf(name);
  if (operation !== added || blocks === undefined) return false;
  return !parts.some(
    ({ partition, first, last }) =>
      partition === blocks.partition && first <= blocks.first && blocks.last <= last,
  );
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    // A table without tokens, a file among the folders.
    if (isMissing(error) || hasCode(error, 'ENOTDIR')) return [];
    throw error;
  }
}
