import { Agent, request as httpRequest } from 'node:http';
import type { Ledger, LedgerEvent } from './ledger.ts';
import type { Random } from './random.ts';

export interface Push {
  readonly url: string;
  readonly ledger: Ledger;
  readonly tally: PushTally;
  readonly random: Random;
  /** Names the events. */
  readonly name: string;
  readonly eventsPerRequest: number;
}

/** What the senders saw together. */
export class PushTally {
  /** Events of requests, each time they were sent. */
  offered = 0;
  accepted = 0;
  /** Answers by status. */
  readonly statuses = new Map<number, number>();
  /** Of the answers that were refusals, in seconds. */
  readonly retryAfters: number[] = [];
  /** Requests that got no answer: the server does not wait for a body for ever. */
  unanswered = 0;
  slowestMs = 0;
}

/** A sender without manners: it sends the same again at once, whatever Retry-After says, until the signal. */
export async function push(to: Push, signal: AbortSignal): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  try {
    for (let serial = 0; !signal.aborted; serial += 1) {
      const events = Array.from({ length: to.eventsPerRequest }, (_, at) =>
        eventOf(`${to.name}-${serial}-${at}`, to.random),
      );
      for (const event of events) to.ledger.sent.set(event.event_id, event);
      if (await pushed(events, agent, to, signal)) {
        for (const { event_id } of events) to.ledger.acknowledged.add(event_id);
      }
    }
  } finally {
    agent.destroy();
  }
}

async function pushed(
  events: readonly LedgerEvent[],
  agent: Agent,
  { url, tally }: Push,
  signal: AbortSignal,
): Promise<boolean> {
  const body = Buffer.from(JSON.stringify(events));
  while (!signal.aborted) {
    const from = performance.now();
    tally.offered += events.length;
    const answer = await post(`${url}/v1/events`, body, agent).catch(unansweredOf);
    if (answer === null) {
      tally.unanswered += 1;
      continue;
    }
    const { status, retryAfter, text } = answer;
    tally.slowestMs = Math.max(tally.slowestMs, performance.now() - from);
    tally.statuses.set(status, (tally.statuses.get(status) ?? 0) + 1);
    if (status === 200) {
      if (!text.startsWith(`{"accepted":${events.length},`)) throw new Error(text);
      tally.accepted += events.length;
      return true;
    }
    if (status !== 429 && status !== 503) throw new Error(`${status}: ${text}`);
    tally.retryAfters.push(Number(retryAfter));
  }
  return false;
}

interface Answer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly text: string;
}

function post(url: string, body: Buffer, agent: Agent): Promise<Answer> {
  const headers = { 'content-type': 'application/json', 'content-length': body.length };
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { method: 'POST', agent, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('error', reject).on('end', () => {
        const retryAfter = response.headers['retry-after'];
        resolve({ status: response.statusCode ?? 0, retryAfter, text });
      });
    });
    request.on('error', reject).end(body);
  });
}

/** Null for a connection that ended; any other error is thrown. */
function unansweredOf(error: unknown): null {
  const { code }: { code?: unknown } = Object(error);
  if (code === 'ECONNRESET' || code === 'EPIPE') return null;
  throw error;
}

const eventOf = (event_id: string, random: Random): LedgerEvent => ({
  event_id,
  type: 'view',
  timestamp: Date.now(),
  user_id: `u${random.between(1, 50)}`,
  properties: {
    product_id: `p${random.between(1, 20)}`,
    price: (random.between(0, 10_000_000) / 100).toFixed(2),
  },
});
