import { readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { isMissing } from '../../ports/disk.ts';

/**
 * The newest checkpoint that a job left, found by Flink's layout of the folder of
 * checkpoints: `JOB/chk-N/_metadata`, which is written once all else is there.
 *
 * @param folder as Flink's `execution.checkpointing.dir`.
 * @returns null where there is none, or where the folder cannot be read from here.
 */
export async function leftCheckpoint(folder: string, job: string): Promise<string | null> {
  if (!folder.startsWith('file:')) return null;
  const path = `${folder.replace(/\/+$/, '')}/${job}`;
  const numbers = (await namesIn(path)).flatMap((name) => {
    const [, number] = /^chk-(\d+)$/.exec(name) ?? [];
    return number === undefined ? [] : [Number(number)];
  });
  for (const number of numbers.sort((a, b) => b - a)) {
    const checkpoint = `${path}/chk-${number}`;
    if ((await namesIn(checkpoint)).includes('_metadata')) return checkpoint;
  }
  return null;
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(fileURLToPath(folder));
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}
