import type { Daemon } from './daemon.ts';

/** What every service takes to be started. */
export interface ServiceOptions {
  /** Its configuration, data and logs; an empty folder, or one not there yet. */
  readonly folder: string;
  /** Whether it goes on when the process that started it has ended. No, unless told. */
  readonly outlive?: boolean;
}

/** A service that runs: one process or several. */
export class Service<Addresses extends { readonly [name: string]: string }> {
  readonly name: string;
  readonly addresses: Addresses;
  readonly processes: readonly Daemon[];

  /** The processes in the order in which they are to be started. */
  constructor(name: string, addresses: Addresses, processes: readonly Daemon[]) {
    this.name = name;
    this.addresses = addresses;
    this.processes = processes;
  }

  /** The id of each process by its name. */
  get pids(): { readonly [name: string]: number } {
    return Object.fromEntries(this.processes.map(({ name, pid }) => [name, pid.pid]));
  }

  /** Sends a signal to a process, and waits for nothing. */
  kill(which: string, signal: NodeJS.Signals): void {
    this.#process(which).kill(signal);
  }

  /** Stops a process where it is, as if its machine were stuck, until it is resumed. */
  async pause(which: string): Promise<void> {
    await this.#process(which).pause();
  }

  resume(which: string): void {
    this.#process(which).resume();
  }

  /** Kills a process, if it runs, and starts it on the same ports and data until it is ready. */
  async restart(which: string): Promise<void> {
    await this.#process(which).restart();
  }

  /** Ends all its processes. */
  async stop(): Promise<void> {
    await Promise.all(this.processes.map((process) => process.stop()));
  }

  #process(which: string): Daemon {
    const found = this.processes.find(({ name }) => name === which);
    if (found !== undefined) return found;
    const names = this.processes.map(({ name }) => name).join(', ');
    throw new Error(`${this.name} has no process ${which}; it has ${names}`);
  }
}

/** Starts groups of processes one after the other; if one fails, ends them all. */
export async function startAll(groups: readonly (readonly Daemon[])[]): Promise<void> {
  try {
    for (const group of groups) await Promise.all(group.map((process) => process.start()));
  } catch (error) {
    await Promise.all(groups.flat().map((process) => process.stop()));
    throw error;
  }
}
