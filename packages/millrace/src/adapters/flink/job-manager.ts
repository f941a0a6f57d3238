import { setTimeout as sleep } from 'node:timers/promises';
import { MillraceError } from '../../errors.ts';
import { reasonIn } from './flink-reason.ts';
import { askFlink, askFlinkFor } from './flink-rest.ts';

export interface JobOverview {
  readonly id: string;
  readonly name: string;
  /** As Flink calls it. */
  readonly state: string;
  /** Epoch ms. */
  readonly startedMs: number;
}

/** A checkpoint or savepoint that was completed. */
export interface Checkpoint {
  readonly id: number;
  readonly path: string;
  /** Epoch ms when it was begun. */
  readonly atMs: number;
  readonly durationMs: number;
  readonly bytes: number;
  /** Whether it was deleted, as one is when the next is there. */
  readonly discarded: boolean;
}

export interface JobCheckpoints {
  /** The newest of checkpoints and savepoints: the only one to go on from. */
  readonly last: Checkpoint | null;
  /** What it was resumed from. */
  readonly restoredFrom: string | null;
}

const pollMs = 100;
/** A broker or a TaskManager that is away for a moment makes fewer. */
const failuresMax = 5;

/** Whether a job in this state is over for good. All others go on, or try to. */
export const isOver = (state: string): boolean =>
  state === 'FINISHED' || state === 'CANCELED' || state === 'FAILED';

/**
 * Flink's JobManager, over its REST interface.
 * https://nightlies.apache.org/flink/flink-docs-release-2.3/docs/ops/rest_api/
 */
export class JobManager {
  readonly #url: string;

  /** @param url e.g. `http://127.0.0.1:8081`. */
  constructor(url: string) {
    this.#url = url.replace(/\/+$/, '');
  }

  /** Those that run, and those it still remembers. */
  async jobs(): Promise<readonly JobOverview[]> {
    const { jobs } = await this.#ask<{ jobs: readonly OverviewAnswer[] }>('/jobs/overview');
    return jobs.map(({ jid, name, state, ...job }) => ({
      ...{ id: jid, name, state },
      startedMs: job['start-time'],
    }));
  }

  async stateOf(id: string): Promise<string> {
    return (await this.#ask<JobAnswer>(`/jobs/${id}`)).state;
  }

  /** The parameters that the job was submitted with; null if it is not known. */
  async parametersOf(id: string): Promise<{ readonly [name: string]: string } | null> {
    const answer = await askFlinkFor<ConfigAnswer>(`${this.#url}/jobs/${id}/config`);
    return answer && (answer['execution-config']?.['user-config'] ?? {});
  }

  /** Null if the job is not known. */
  async checkpointsOf(id: string): Promise<JobCheckpoints | null> {
    const answer = await askFlinkFor<CheckpointsAnswer>(`${this.#url}/jobs/${id}/checkpoints`);
    if (answer === null) return null;
    const { completed, savepoint, restored } = answer.latest;
    const taken = [completed, savepoint].flatMap((one) =>
      one === null ? [] : [checkpointOf(one)],
    );
    return {
      last: taken.sort((a, b) => b.id - a.id)[0] ?? null,
      restoredFrom: restored?.external_path ?? null,
    };
  }

  /**
   * Stops a job with a savepoint. Its sinks have committed everything before it.
   *
   * @param folder where the savepoint is written; where Flink is told to by itself if left out.
   * @returns where the savepoint is.
   * @throws MillraceError `flink_refused` if it could not be made: the job then runs on.
   */
  async stopWithSavepoint(id: string, folder: string | undefined): Promise<string> {
    const { 'request-id': request } = await this.#ask<{ 'request-id': string }>(
      `/jobs/${id}/stop`,
      'POST',
      { drain: false, formatType: 'NATIVE', ...(folder ? { targetDirectory: folder } : {}) },
    );
    for (;;) {
      const { status, operation } = await this.#ask<SavepointAnswer>(
        `/jobs/${id}/savepoints/${request}`,
      );
      if (status.id === 'COMPLETED') {
        const cause = operation?.['failure-cause'];
        if (cause !== undefined) {
          const reason = reasonIn(cause['stack-trace']);
          throw new MillraceError('flink_refused', `No savepoint could be made: ${reason}`);
        }
        if (operation?.location !== undefined) {
          await this.#untilOver(id);
          return operation.location;
        }
      }
      await sleep(pollMs);
    }
  }

  /** Ends a job; its last checkpoint stays. */
  async cancel(id: string): Promise<void> {
    if (isOver(await this.stateOf(id))) return;
    await this.#ask(`/jobs/${id}?mode=cancel`, 'PATCH');
    await this.#untilOver(id);
  }

  /**
   * Resolves once all tasks of a job run, their state restored.
   *
   * @throws MillraceError `job_failed` if that does not happen in time, or it failed
   *   again and again before, with the last failure.
   */
  async untilRunning(id: string, timeoutMs: number): Promise<void> {
    const untilMs = performance.now() + timeoutMs;
    for (;;) {
      const job = await this.#ask<JobAnswer>(`/jobs/${id}`);
      const tasks = job.vertices.flatMap((vertex) => Object.entries(vertex.tasks));
      const elsewhere = tasks.some(([state, count]) => count > 0 && state !== 'RUNNING');
      if (job.state === 'RUNNING' && tasks.length > 0 && !elsewhere) return;
      const failures = await this.#failuresOf(id);
      if (isOver(job.state) || failures.length >= failuresMax || performance.now() > untilMs) {
        const why = failures[0] ?? 'Flink does not say why';
        throw new MillraceError('job_failed', `${job.name} (${id}) is ${job.state}: ${why}`);
      }
      await sleep(pollMs);
    }
  }

  /**
   * Takes a checkpoint: then a job has a state of its own to go on from.
   *
   * @throws MillraceError `job_failed` if it fails.
   */
  async checkpoint(id: string): Promise<void> {
    const { 'request-id': request } = await this.#ask<{ 'request-id': string }>(
      `/jobs/${id}/checkpoints`,
      'POST',
      { checkpointType: 'CONFIGURED' },
    );
    for (;;) {
      const { status, operation } = await this.#ask<TriggeredAnswer>(
        `/jobs/${id}/checkpoints/${request}`,
      );
      if (status.id === 'COMPLETED') {
        const cause = operation?.failureCause;
        if (cause === undefined || cause === null) return;
        const reason = reasonIn(cause['stack-trace']);
        throw new MillraceError('job_failed', `Job ${id} takes no checkpoint: ${reason}`);
      }
      await sleep(pollMs);
    }
  }

  /** Why a job failed last; null if it has not. */
  async failureOf(id: string): Promise<string | null> {
    return (await this.#failuresOf(id))[0] ?? null;
  }

  /** Where checkpoints are kept, as the cluster is set; null if it is not. */
  async checkpointFolder(): Promise<string | null> {
    const settings =
      await this.#ask<readonly { readonly key: string; readonly value: string }[]>(
        '/jobmanager/config',
      );
    const found = settings.find(({ key }) => key === 'execution.checkpointing.dir');
    return found?.value ?? null;
  }

  /** The last ones, the newest first. */
  async #failuresOf(id: string): Promise<readonly string[]> {
    const { exceptionHistory } = await this.#ask<ExceptionsAnswer>(`/jobs/${id}/exceptions`);
    return exceptionHistory.entries.map(({ stacktrace }) => reasonIn(stacktrace));
  }

  async #untilOver(id: string): Promise<void> {
    for (;;) {
      const job = await askFlinkFor<JobAnswer>(`${this.#url}/jobs/${id}`);
      if (job === null || isOver(job.state)) return;
      await sleep(pollMs);
    }
  }

  #ask<Answer>(path: string, method: 'GET' | 'POST' | 'PATCH' = 'GET', body?: unknown) {
    return askFlink<Answer>(`${this.#url}${path}`, { method, body });
  }
}

const checkpointOf = ({ external_path: path, ...answer }: CheckpointAnswer): Checkpoint => ({
  id: answer.id,
  path: path ?? '',
  atMs: answer.trigger_timestamp,
  durationMs: answer.end_to_end_duration,
  bytes: answer.state_size,
  // Of one that is not kept for others Flink says `<checkpoint-not-externally-addressable>`.
  discarded: answer.discarded || path === null || path.startsWith('<'),
});

interface OverviewAnswer {
  readonly jid: string;
  readonly name: string;
  readonly state: string;
  readonly 'start-time': number;
}

interface ConfigAnswer {
  readonly 'execution-config'?: { readonly 'user-config'?: { readonly [name: string]: string } };
}

interface CheckpointAnswer {
  readonly id: number;
  readonly external_path: string | null;
  readonly discarded: boolean;
  readonly trigger_timestamp: number;
  readonly end_to_end_duration: number;
  readonly state_size: number;
}

interface CheckpointsAnswer {
  readonly latest: {
    readonly completed: CheckpointAnswer | null;
    readonly savepoint: CheckpointAnswer | null;
    readonly restored: { readonly external_path: string | null } | null;
  };
}

interface SavepointAnswer {
  readonly status: { readonly id: 'IN_PROGRESS' | 'COMPLETED' };
  readonly operation: {
    readonly location?: string;
    readonly 'failure-cause'?: { readonly 'stack-trace': string };
  } | null;
}

interface JobAnswer {
  readonly name: string;
  readonly state: string;
  readonly vertices: readonly { readonly tasks: { readonly [state: string]: number } }[];
}

interface TriggeredAnswer {
  readonly status: { readonly id: 'IN_PROGRESS' | 'COMPLETED' };
  readonly operation: {
    readonly failureCause?: { readonly 'stack-trace': string } | null;
  } | null;
}

interface ExceptionsAnswer {
  readonly exceptionHistory: { readonly entries: readonly { readonly stacktrace: string }[] };
}
