import { type SoughtBy, soughtBys } from '../../../../millrace/dist/plan/sought-events.js';
import type { FoundEvents } from '../../../../millrace/dist/query/find-events.js';
import { askJson } from '../../api/ask.ts';

export type { EventRecord, FoundEvents } from '../../../../millrace/dist/query/find-events.js';

export interface Search {
  readonly by: SoughtBy;
  readonly value: string;
  readonly before: string | null;
}

/** What the address asks for; null while nothing is sought. */
export function searchOf(params: URLSearchParams): Search | null {
  const by = soughtBys.find((one) => one === params.get('by'));
  const value = params.get('value');
  return by !== undefined && value !== null ? { by, value, before: params.get('before') } : null;
}

export function askEvents(search: Search, signal: AbortSignal): Promise<FoundEvents> {
  const { by, value, before } = search;
  const asked = new URLSearchParams({ by, value, ...(before === null ? {} : { before }) });
  return askJson(`/v1/events?${asked}`, { signal });
}
