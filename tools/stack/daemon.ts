import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findPid, isRunning, kill, type Pid, pause, resume, signal, stop } from './pid.ts';
import { writePid } from './state.ts';

export interface DaemonOptions {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** Where it runs, and where NAME.log and NAME.pid are. */
  readonly folder: string;
  /** Whether it goes on when the process that started it has ended. */
  readonly outlive: boolean;
  /** Asked over and over until it says yes; a throw is a no. */
  readonly isReady: (startedAtMs: number) => Promise<boolean>;
}

const startLimitMs = 120_000;
const pollMs = 50;
const shownLogLines = 40;

/** A process in the background that can be killed and started again as it was. */
export class Daemon {
  readonly name: string;
  readonly logFile: string;
  readonly #options: DaemonOptions;
  #pid: Pid | undefined;

  constructor(options: DaemonOptions) {
    this.#options = options;
    this.name = options.name;
    this.logFile = join(options.folder, `${options.name}.log`);
  }

  /** The process, whether it runs or has ended. */
  get pid(): Pid {
    if (this.#pid === undefined) throw new Error(`${this.name} was not started`);
    return this.#pid;
  }

  get running(): boolean {
    return this.#pid !== undefined && isRunning(this.#pid);
  }

  /** Starts it and waits until it is ready. Throws with the end of its log if it does not become so. */
  async start(): Promise<void> {
    const startedAtMs = Date.now();
    this.#spawn();
    while (!(await this.#options.isReady(startedAtMs).catch(() => false))) {
      if (!this.running) throw new Error(`${this.name} ended before it was ready${this.#logEnd()}`);
      if (Date.now() - startedAtMs > startLimitMs) {
        throw new Error(`${this.name} was not ready after ${startLimitMs} ms${this.#logEnd()}`);
      }
      await sleep(pollMs);
    }
  }

  /** Sends a signal and waits for nothing. */
  kill(name: NodeJS.Signals): void {
    signal(this.pid, name);
  }

  /** Stops it where it is, as if its machine were stuck, until it is resumed. */
  async pause(): Promise<void> {
    await pause(this.pid);
  }

  resume(): void {
    resume(this.pid);
  }

  /** Kills it, if it runs, and starts it again on the same ports and data. */
  async restart(): Promise<void> {
    await kill(this.pid);
    await this.start();
  }

  async stop(): Promise<void> {
    if (this.#pid !== undefined) await stop(this.#pid);
  }

  #spawn(): void {
    const { command, args, env, folder, outlive } = this.#options;
    const log = openSync(this.logFile, 'a');
    // Where it is not to outlive us, the kernel kills it when we end, however we do.
    const died = outlive ? 'clear' : 'KILL';
    const child = spawn('setpriv', ['--pdeathsig', died, '--', command, ...args], {
      cwd: folder,
      env: { ...process.env, ...env },
      stdio: ['ignore', log, log],
      detached: true,
    });
    closeSync(log);
    child.unref();
    if (child.pid === undefined)
      throw new Error(`setpriv of util-linux is needed to start ${this.name}`);
    this.#pid = findPid(child.pid);
    if (this.#pid !== undefined) writePid(folder, this.name, this.#pid);
  }

  #logEnd(): string {
    const lines = readFileSync(this.logFile, 'utf8').trimEnd().split('\n');
    return `. The end of ${this.logFile}:\n${lines.slice(-shownLogLines).join('\n')}`;
  }
}
