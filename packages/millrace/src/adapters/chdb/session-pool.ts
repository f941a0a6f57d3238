import type { Session } from 'chdb';

/**
 * A chDB session runs one statement at a time, and several sessions on one
 * folder run beside each other, each with settings of its own. So each
 * statement borrows a session; how many run at once is bounded here, because
 * each one holds a thread of libuv's pool while it runs.
 */
export class SessionPool {
  readonly #open: () => Promise<Session>;
  readonly #sessionsMax: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(open: () => Promise<Session>, sessionsMax: number) {
    this.#open = open;
    this.#sessionsMax = sessionsMax;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  async use<T>(work: (session: Session) => Promise<T>): Promise<T> {
    while (this.#running >= this.#sessionsMax) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    this.#running += 1;
    try {
      // Opening one takes 0.6 ms and leaves nothing of the last statement behind.
      const session = await this.#open();
      try {
        return await work(session);
      } finally {
        session.close();
      }
    } finally {
      this.#running -= 1;
      this.#waiting.shift()?.();
    }
  }
}
