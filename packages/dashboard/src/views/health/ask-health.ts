import type { Status } from '../../../../millrace/dist/observe/status.js';
import type { Storage, TableStorage } from '../../../../millrace/dist/observe/storage.js';
import { askJson } from '../../api/ask.ts';

export type { Status, TableStorage };

export interface HealthAnswer {
  readonly status: Status;
  readonly tables: readonly TableStorage[];
}

export async function askHealth(signal: AbortSignal): Promise<HealthAnswer> {
  const [status, { tables }] = await Promise.all([
    askJson<Status>('/v1/status', { signal }),
    askJson<Storage>('/v1/storage', { signal }),
  ]);
  return { status, tables };
}
