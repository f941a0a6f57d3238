import { deadLetter } from '../collect/dead-letter.ts';
import type { IncomingEvent } from '../collect/incoming.ts';
import { Refusal } from '../collect/refusals.ts';
import type { RefusedRow } from '../load/loader.ts';
import type { Clock } from '../ports/clock.ts';
import type { LogWriter } from '../ports/log.ts';

/** Keeps an event that the store will never take as a dead letter. */
export async function keepRefusedRow(
  row: RefusedRow,
  deadLetters: LogWriter,
  clock: Clock,
): Promise<void> {
  const { line } = row;
  const event: IncomingEvent = JSON.parse(Buffer.from(line).toString());
  const refusal = new Refusal('store_refused', row.reason);
  await deadLetters.append([deadLetter(refusal, event, line, 'native', clock.now(), line.length)]);
}
