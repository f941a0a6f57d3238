import { setTimeout as sleep } from 'node:timers/promises';

const pollMs = 50;

/** A session of Flink's SQL Gateway (REST, v3). */
export class FlinkSql {
  readonly #session: string;

  private constructor(session: string) {
    this.#session = session;
  }

  /** Opens a session whose statements run with these settings. */
  static async open(
    sqlGateway: string,
    properties: { readonly [name: string]: string },
  ): Promise<FlinkSql> {
    const sessions = `${sqlGateway}/v3/sessions`;
    const { sessionHandle } = await post<{ sessionHandle: string }>(sessions, { properties });
    return new FlinkSql(`${sessions}/${sessionHandle}`);
  }

  /** Runs a statement; the id of the job, where it started one. Throws what Flink says is wrong. */
  async run(statement: string): Promise<string | undefined> {
    const { operationHandle } = await post<{ operationHandle: string }>(
      `${this.#session}/statements`,
      { statement },
    );
    const operation = `${this.#session}/operations/${operationHandle}`;
    for (;;) {
      const { status } = await get<{ status: string }>(`${operation}/status`);
      if (status === 'FINISHED' || status === 'ERROR') break;
      await sleep(pollMs);
    }
    const result = await get<{ jobID?: string }>(`${operation}/result/0?rowFormat=JSON`);
    return result.jobID;
  }
}

const get = async <Answer>(url: string): Promise<Answer> => answer(await fetch(url));

const post = async <Answer>(url: string, body: unknown): Promise<Answer> =>
  answer(
    await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
  );

async function answer<Answer>(response: Response): Promise<Answer> {
  const text = await response.text();
  if (!response.ok) throw new Error(`${response.url}: ${response.status} ${text}`);
  const body: Answer = JSON.parse(text);
  return body;
}
