import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** A process that can be told from a later one with the same id. */
export interface Pid {
  readonly pid: number;
  /** When it started, in the system's ticks since boot. */
  readonly startTicks: string;
}

/** Short: each of these services is made to survive a kill. */
const stopLimitMs = 5_000;
const killLimitMs = 10_000;
const pauseLimitMs = 10_000;
const pollMs = 20;

/** The process that has this id now; undefined if none has. */
export function findPid(pid: number): Pid | undefined {
  const fields = statFields(pid);
  const startTicks = fields?.[19];
  // Z: it has ended, and nobody has asked how yet.
  return startTicks === undefined || fields?.[0] === 'Z' ? undefined : { pid, startTicks };
}

export const isRunning = ({ pid, startTicks }: Pid): boolean =>
  findPid(pid)?.startTicks === startTicks;

/** Sends a signal, unless the process has ended. To stop one where it is there is `pause`. */
export function signal(to: Pid, name: NodeJS.Signals): void {
  if (isRunning(to)) process.kill(to.pid, name);
}

/** Asks a process to end, and kills it if it has not after 5 s. */
export async function stop(pid: Pid): Promise<void> {
  signal(pid, 'SIGTERM');
  // One that was stopped would not notice.
  signal(pid, 'SIGCONT');
  if (!(await ends(pid, stopLimitMs))) await kill(pid);
}

/** Kills a process and waits until it is gone. */
export async function kill(pid: Pid): Promise<void> {
  signal(pid, 'SIGKILL');
  if (!(await ends(pid, killLimitMs))) throw new Error(`process ${pid.pid} cannot be killed`);
}

/** Stops a process where it is (SIGSTOP), and waits until each of its threads has: they do so one by one. */
export async function pause(pid: Pid): Promise<void> {
  signal(pid, 'SIGSTOP');
  if (!(await becomes(() => isPaused(pid), pauseLimitMs)))
    throw new Error(`process ${pid.pid} cannot be paused`);
}

/** Lets a paused process go on. */
export const resume = (pid: Pid): void => signal(pid, 'SIGCONT');

/** Resident memory in bytes; 0 if the process has ended. */
export function residentBytes({ pid }: Pid): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readProc(pid, 'status') ?? '')?.[1];
  return Number(kilobytes ?? 0) * 1024;
}

const ends = (pid: Pid, limitMs: number): Promise<boolean> =>
  becomes(() => !isRunning(pid), limitMs);

/** Whether it comes true within the limit. */
async function becomes(condition: () => boolean, limitMs: number): Promise<boolean> {
  const deadline = performance.now() + limitMs;
  while (!condition()) {
    if (performance.now() > deadline) return false;
    await sleep(pollMs);
  }
  return true;
}

function isPaused(pid: Pid): boolean {
  if (!isRunning(pid)) return false;
  const threads = readdirSync(`/proc/${pid.pid}/task`);
  return threads.every((thread) => {
    const state = statFields(`${pid.pid}/task/${thread}`)?.[0];
    // One that has ended since they were counted has stopped for good.
    return state === undefined || state === 'T';
  });
}

/** From the state on: the name before it stands in brackets and may hold anything. */
function statFields(process: number | string): readonly string[] | undefined {
  const stat = readProc(process, 'stat');
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
}

function readProc(process: number | string, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${process}/${file}`, 'utf8');
  } catch {
    return undefined;
  }
}
