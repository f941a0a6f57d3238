import type { Reader } from '../query/reader.ts';

interface Running {
  readonly queryId: string;
  readonly reader: Reader;
  readonly stop: AbortController;
}

/** The questions that are being answered, each of which may be stopped by its id. */
export class RunningQuestions {
  readonly #running = new Set<Running>();

  get size(): number {
    return this.#running.size;
  }

  /** Answers with a signal that aborts where the question is stopped. */
  async run<Result>(
    queryId: string,
    reader: Reader,
    answer: (stopped: AbortSignal) => Promise<Result>,
  ): Promise<Result> {
    const running = { queryId, reader, stop: new AbortController() };
    this.#running.add(running);
    try {
      return await answer(running.stop.signal);
    } finally {
      this.#running.delete(running);
    }
  }

  /** Whether there was one: a reader with a list of tables stops those of its own key alone. */
  stop(queryId: string, reader: Reader): boolean {
    const found = [...this.#running].filter(
      (one) => one.queryId === queryId && (reader.tables === null || one.reader === reader),
    );
    for (const { stop } of found) stop.abort();
    return found.length > 0;
  }
}

const kill = /^\s*KILL\s+QUERY\s+WHERE\s+query_id\s*=\s*'([\w.:-]{1,128})'\s*(?:A?SYNC)?\s*;?\s*$/i;

/** The id in `KILL QUERY WHERE query_id = 'id'`, as drivers stop a question; null for other statements. */
export const killedId = (sql: string): string | null => kill.exec(sql)?.[1] ?? null;

/** What the engine answers to it, for an id that `killedId` gave. */
export const killAnswer = (queryId: string, wasRunning: boolean): string =>
  `SELECT 'waiting' AS kill_status, '${queryId}' AS query_id WHERE ${wasRunning ? 1 : 0}`;
