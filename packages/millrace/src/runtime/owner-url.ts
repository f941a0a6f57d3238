import { readFileIfThere } from '../adapters/atomic-file.ts';
import { nodeDisk } from '../adapters/node-disk.ts';
import { hasCode } from '../has-code.ts';
import { dataFolder } from './data-folder.ts';

/** Where the process that has the folder open answers; null if it does not say, or is another than did. */
export async function ownerUrl(data: string): Promise<string | null> {
  const text = await readFileIfThere(nodeDisk, dataFolder(data).owner);
  if (text === null) return null;
  const owner: unknown = JSON.parse(text);
  if (typeof owner !== 'object' || owner === null) return null;
  if (!('url' in owner && 'pid' in owner) || typeof owner.url !== 'string') return null;
  return typeof owner.pid === 'number' && isRunning(owner.pid) ? owner.url : null;
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // It is there, but somebody else's.
    return hasCode(error, 'EPERM');
  }
}
