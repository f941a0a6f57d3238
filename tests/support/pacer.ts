import { setTimeout as sleep } from 'node:timers/promises';

export interface Pace {
  readonly sender: string;
  readonly eventsPerRequest: number;
  /** Of this sender. */
  readonly eventsPerSecond: number;
  /** Where the server is, as long as it runs. */
  readonly where: () => string | null;
  /** From request to answer, of requests that were answered with success. */
  readonly onAnswer: (tookMs: number) => void;
}

/**
 * Sends numbered events at a pace until the signal, each batch again until it is
 * acknowledged. Returns how many events it had.
 */
export async function pace(to: Pace, signal: AbortSignal): Promise<number> {
  const periodMs = (1_000 * to.eventsPerRequest) / to.eventsPerSecond;
  let serial = 0;
  for (let due = performance.now(); !signal.aborted; due += periodMs) {
    const waitMs = due - performance.now();
    if (waitMs > 1) await sleep(waitMs);
    // What a restart held up is not made up for: the pace is the load, not a debt.
    else due -= Math.min(0, waitMs + periodMs);
    const body = bodyOf(to, serial);
    while (!(await acknowledged(to, body))) await sleep(20);
    serial += to.eventsPerRequest;
  }
  return serial;
}

const padding = 'x'.repeat(100);

const bodyOf = ({ sender, eventsPerRequest }: Pace, from: number): string =>
  JSON.stringify(
    Array.from({ length: eventsPerRequest }, (_, at) => ({
      event_id: `${sender}-${from + at}`,
      type: 'step',
      properties: { sender, serial: from + at, padding },
    })),
  );

async function acknowledged({ where, onAnswer }: Pace, body: string): Promise<boolean> {
  const url = where();
  if (url === null) return false;
  const from = performance.now();
  let response: Response;
  let text: string;
  try {
    response = await fetch(`${url}/v1/events`, { method: 'POST', body });
    text = await response.text();
  } catch {
    // Killed meanwhile, or not there yet.
    return false;
  }
  if (response.status === 429 || response.status === 503) return false;
  if (!response.ok) throw new Error(`${response.status}: ${text}`);
  const { rejected }: { readonly rejected: number } = JSON.parse(text);
  if (rejected > 0) throw new Error(text);
  onAnswer(performance.now() - from);
  return true;
}
