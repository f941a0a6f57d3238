import type { FoundEvents } from '../../../../millrace/dist/query/find-events.js';
import { askJson } from '../../api/ask.ts';

export type { EventRecord, FoundEvents } from '../../../../millrace/dist/query/find-events.js';

export const bys = ['event_id', 'user_id', 'anonymous_id', 'session_id'] as const;
export type By = (typeof bys)[number];

export const isBy = (text: string | null): text is By => bys.some((by) => by === text);

export interface Search {
  readonly by: By;
  readonly value: string;
  readonly before: string | null;
}

/** What the address asks for; null while nothing is sought. */
export function searchOf(params: URLSearchParams): Search | null {
  const by = params.get('by');
  const value = params.get('value');
  return isBy(by) && value !== null ? { by, value, before: params.get('before') } : null;
}

export function askEvents(search: Search, signal: AbortSignal): Promise<FoundEvents> {
  const { by, value, before } = search;
  const asked = new URLSearchParams({ by, value, ...(before === null ? {} : { before }) });
  return askJson(`/v1/events?${asked}`, { signal });
}
