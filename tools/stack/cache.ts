import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'millrace');

/**
 * A folder outside the checkout, made once. Its name carries a digest of what it is
 * made from, so that a changed version is a new folder. A half-made one is made anew,
 * and of two processes that want it one makes it and the other waits.
 */
export async function cached(
  name: string,
  madeFrom: string,
  make: (folder: string) => void,
): Promise<string> {
  const digest = createHash('sha256').update(madeFrom).digest('hex').slice(0, 16);
  const folder = join(cache, `${name}-${digest}`);
  const complete = join(folder, '.complete');
  if (existsSync(complete)) return folder;
  mkdirSync(cache, { recursive: true });
  const unlock = await lock(`${folder}.lock`);
  try {
    if (existsSync(complete)) return folder;
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder);
    make(folder);
    writeFileSync(complete, '');
    return folder;
  } finally {
    unlock();
  }
}

/** The kernel's lock on a file: it goes when the process that holds it does. */
async function lock(path: string): Promise<() => void> {
  const holder = spawn('flock', [path, 'sh', '-c', 'echo; exec cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await once(holder.stdout, 'data');
  return () => holder.stdin.end();
}
