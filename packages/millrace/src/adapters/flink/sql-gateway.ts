import { setTimeout as sleep } from 'node:timers/promises';
import { MillraceError } from '../../errors.ts';
import { askFlink } from './flink-rest.ts';

/** What is submitted: settings of the session, and statements, of which the last starts the job. */
export interface SubmittedJob {
  readonly name: string;
  readonly settings: { readonly [name: string]: string };
  readonly statements: readonly string[];
}

const pollMs = 50;

/**
 * Starts a job.
 *
 * @param url of the SQL Gateway (REST, v3).
 * @param more settings of this start alone, such as what to resume from.
 * @returns its id. It may still fail to run.
 * @throws MillraceError `flink_refused` with what Flink says is wrong; nothing was started.
 */
export function submitJob(
  url: string,
  { name, settings, statements }: SubmittedJob,
  more: SubmittedJob['settings'] = {},
): Promise<string> {
  return inSession(url, { ...settings, ...more }, async (session) => {
    let id: string | undefined;
    for (const statement of statements) id = await session.run(statement);
    if (id === undefined) throw new MillraceError('flink_refused', `${name}: no job was started.`);
    return id;
  });
}

/**
 * Has Flink read a job and plan it, without starting it.
 *
 * @throws MillraceError `flink_refused` with what Flink says is wrong.
 */
export function explainJob(url: string, { settings, statements }: SubmittedJob): Promise<void> {
  return inSession(url, settings, async (session) => {
    const last = statements.length - 1;
    for (const [index, statement] of statements.entries())
      await session.run(
        index === last ? `EXPLAIN ${statement.replace(/^EXECUTE\s+/, '')}` : statement,
      );
  });
}

interface Session {
  /** The id of the job, where the statement started one. */
  run(statement: string): Promise<string | undefined>;
}

/** Sessions end by themselves after some idle time, so each piece of work has its own. */
async function inSession<Result>(
  url: string,
  properties: SubmittedJob['settings'],
  work: (session: Session) => Promise<Result>,
): Promise<Result> {
  const sessions = `${url}/v3/sessions`;
  const opened = await askFlink<{ sessionHandle: string }>(sessions, {
    method: 'POST',
    body: { properties },
  });
  const session = `${sessions}/${opened.sessionHandle}`;
  try {
    return await work({ run: (statement) => run(session, statement) });
  } finally {
    await askFlink(session, { method: 'DELETE' });
  }
}

async function run(session: string, statement: string): Promise<string | undefined> {
  const { operationHandle } = await askFlink<{ operationHandle: string }>(`${session}/statements`, {
    method: 'POST',
    body: { statement },
  });
  const operation = `${session}/operations/${operationHandle}`;
  for (;;) {
    const { status } = await askFlink<{ status: string }>(`${operation}/status`);
    if (status !== 'PENDING' && status !== 'RUNNING' && status !== 'INITIALIZED') break;
    await sleep(pollMs);
  }
  // Of an operation that failed this says why.
  const result = await askFlink<{ jobID?: string }>(`${operation}/result/0?rowFormat=JSON`);
  return result.jobID;
}
