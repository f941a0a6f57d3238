import type { StoredRow, Table } from './model-store.ts';
import { poison } from './model-store.ts';

/** An event as a sender made it, good or bad. */
export interface SentEvent {
  readonly id: string;
  readonly kind: 'good' | 'refused by the collector' | 'refused by the store';
  readonly json: string;
  readonly firstSentAt: number;
}

/** What senders sent and were told, to be compared with what is kept. */
export class Ledger {
  readonly sent = new Map<string, SentEvent>();
  readonly acknowledged = new Set<string>();

  get unanswered(): readonly SentEvent[] {
    return [...this.sent.values()].filter(({ id }) => !this.acknowledged.has(id));
  }

  /**
   * @param log the records that are in the log, from its start on.
   * @throws Error naming the first promise that is broken.
   */
  checkKept(log: readonly StoredRow[], events: Table): void {
    const inLog = new Map(log.map(({ offset, line }) => [offset, line]));
    for (const { offset, line } of events.rows) {
      const kept = inLog.get(offset);
      if (kept !== undefined && kept !== line)
        throw new Error(`Offset ${offset} is ${line} in the store, and ${kept} in the log.`);
    }
    const ids = idsOf(log);
    assertOnce(ids, 'the log');
    const kept = new Set([...ids, ...idsOf(events.rows)]);
    for (const id of this.acknowledged) {
      if (this.sent.get(id)?.kind === 'good' && !kept.has(id))
        throw new Error(`${id} was acknowledged, and is neither in the log nor in the store.`);
    }
  }

  /** Once everything has arrived. */
  checkStored(end: number, events: Table, letters: Table, lettersEnd: number): void {
    const stored = idsOf(events.rows);
    assertOnce(stored, 'the store');
    for (const { offset, line } of events.rows) {
      const id = idOf(line);
      const sent = this.sent.get(id);
      if (sent?.kind !== 'good') throw new Error(`${id} is stored at ${offset}, and was not sent.`);
      if (nOf(line) !== nOf(sent.json)) throw new Error(`${id} is stored as ${line}.`);
    }
    const found = new Set(stored);
    const inLetters = new Set(letters.rows.map(({ line }) => letterOf(line)));
    for (const id of this.acknowledged) {
      const kind = this.sent.get(id)?.kind ?? 'good';
      const isKept = kind === 'good' ? found.has(id) : inLetters.has(`${kind} ${id}`);
      if (!isKept) throw new Error(`${id} was acknowledged, and is not kept (${kind}).`);
    }
    assertWhole(events, end, 'events');
    assertWhole(letters, lettersEnd, 'dead letters');
  }
}

/** Each offset below the end once, in the table or refused. */
function assertWhole({ rows, refused }: Table, end: number, what: string): void {
  const offsets = [...rows.map(({ offset }) => offset), ...refused].sort((a, b) => a - b);
  const wrong = offsets.findIndex((offset, index) => offset !== index);
  if (wrong >= 0) throw new Error(`${what}: offset ${offsets[wrong]} where ${wrong} belongs.`);
  if (offsets.length !== end) throw new Error(`${what}: ${offsets.length} of ${end} are there.`);
}

function assertOnce(ids: readonly string[], where: string): void {
  const seen = new Set<string>();
  for (const id of ids) {
    if (seen.has(id)) throw new Error(`${id} is twice in ${where}.`);
    seen.add(id);
  }
}

const idsOf = (rows: readonly StoredRow[]): string[] => rows.map(({ line }) => idOf(line));
const idOf = (line: string): string => String(JSON.parse(line).event_id);
const nOf = (line: string): number => Number(JSON.parse(line).properties.n);

function letterOf(line: string): string {
  const { code, event_id } = JSON.parse(line);
  const by = code === 'store_refused' ? 'store' : 'collector';
  return `refused by the ${by} ${event_id}`;
}

/** The JSON of an event of each kind. */
export function eventJson(
  kind: SentEvent['kind'],
  { id, n, pad, at }: { id: string; n: number; pad: number; at: number },
): string {
  return JSON.stringify({
    event_id: id,
    type: kind === 'refused by the collector' ? 'unheard of' : 'view',
    timestamp: at,
    properties: {
      n,
      text: kind === 'refused by the store' ? poison : 'x'.repeat(pad),
    },
  });
}
