import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { findPid, type Pid, pause, resume } from '../../tools/stack/pid.ts';

const command = fileURLToPath(new URL('../../packages/millrace/bin/millrace.js', import.meta.url));

/** A built command that runs until it is stopped, and says where it answers. */
export class CommandProcess {
  readonly #child: ChildProcess;
  readonly exited: Promise<unknown>;
  #output = '';
  #errors = '';

  constructor(args: readonly string[], env: { readonly [name: string]: string } = {}) {
    this.#child = spawn(command, args, {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child.stdout?.on('data', (chunk) => {
      this.#output += String(chunk);
    });
    this.#child.stderr?.on('data', (chunk) => {
      this.#errors += String(chunk);
    });
    this.exited = new Promise((resolve) => this.#child.once('close', resolve));
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error('the process did not start');
    return this.#child.pid;
  }

  get errors(): string {
    return this.#errors;
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Where it answers, once it says so. */
  async url(): Promise<string> {
    for (;;) {
      const [, url] = / answers at (\S+)\n/.exec(this.#output) ?? [];
      if (url !== undefined) return url;
      if (!this.running) throw new Error(`it ended before it answered:\n${this.#errors}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Stops it where it is, until it is resumed. */
  async pause(): Promise<void> {
    await pause(this.#found());
  }

  resume(): void {
    resume(this.#found());
  }

  #found(): Pid {
    const found = findPid(this.pid);
    if (found === undefined) throw new Error(`the process has ended:\n${this.#errors}`);
    return found;
  }

  /** Ends it as Ctrl-C would. */
  async stop(): Promise<void> {
    this.kill('SIGINT');
    await this.exited;
  }
}
