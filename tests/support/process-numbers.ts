import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';

/** Resident, as the system counts it. */
export const memoryBytes = (pid: number): number =>
  Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)])) * 1024;

/** Files, sockets and whatever else it has open. */
export const openFiles = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length;

/** What a folder takes on disk. Files that go while it is looked at are left out. */
export const folderBytes = (folder: string): number => {
  const { stdout } = spawnSync('du', ['-sk', folder], { encoding: 'utf8' });
  const kilobytes = Number(stdout.split('\t')[0]);
  if (!(kilobytes > 0)) throw new Error(`du says ${JSON.stringify(stdout)} of ${folder}`);
  return kilobytes * 1024;
};
