import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';

/** Resident, as the system counts it. */
export const memoryBytes = (pid: number): number =>
  Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)])) * 1024;

/** Files, sockets and whatever else it has open. */
export const openFiles = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length;

/** What a folder takes on disk. */
export const folderBytes = (folder: string): number =>
  Number(execFileSync('du', ['-sk', folder], { encoding: 'utf8' }).split('\t')[0]) * 1024;
