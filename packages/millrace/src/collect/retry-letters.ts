import type { Clock } from '../ports/clock.ts';
import type { Admission } from './admission.ts';
import type { Collector, CountedReceipt } from './collector.ts';
import type { LetterPlace } from './letter-place.ts';
import { placeKey, type ReadLetter, readLetter } from './read-letter.ts';
import { Refusal, type RefusalCode } from './refusals.ts';
import type { Letter, LetterFilter, StoredLetters } from './stored-letters.ts';

export interface RetryReceipt {
  /** Letters whose events are accepted now. */
  readonly accepted: number;
  /** Of these: those whose events were there already. */
  readonly duplicates: number;
  /** Letters that stay as they are. */
  readonly rejected: readonly RejectedLetter[];
  /** The last letter of this slice; null if there was none left. */
  readonly last: string | null;
}

export interface RejectedLetter {
  readonly id: string;
  readonly code: RefusalCode;
  readonly message: string;
}

/**
 * Sends a slice of the letters that match, those behind `after`, through the
 * collector again.
 *
 * Doing so twice adds nothing. An accepted letter is noted; and should a crash
 * come before the note, its event is known by its id, to the log within the
 * dedup window and to the store from then on.
 *
 * @throws MillraceError as `Collector.collect` and `Admission.admit`.
 */
export type RetryLetters = (
  filter: LetterFilter,
  after: LetterPlace | null,
) => Promise<RetryReceipt>;

export interface RetryOptions {
  readonly letters: StoredLetters;
  readonly collector: Collector;
  readonly admission: Admission;
  readonly clock: Clock;
  /** Of a slice, which is in memory as a whole. */
  readonly lettersMax?: number;
}

export function createRetryLetters(options: RetryOptions): RetryLetters {
  const { letters, collector, admission, clock, lettersMax = 100 } = options;

  return async (filter, after) => {
    const pending = await letters.pending(filter, after, lettersMax);
    const tries = pending.map((letter): Try => ({ letter, ...readLetter(letter) }));
    const stored = await letters.storedEvents(tries.flatMap(idOf));
    const isStored = (one: Try): boolean => idOf(one).some((id) => stored.has(id));
    const groups = groupsOf(tries.filter((one) => !isStored(one)));
    const receipts = await admission.admit(bytesOf(pending), () =>
      Promise.all(
        groups.map(async (group) => ({ group, ...(await collector.collectAgain(batchOf(group))) })),
      ),
    );
    const rejected = receipts.flatMap(rejectedOf);
    const left = new Set(rejected.map(({ id }) => id));
    const accepted = pending.map(({ id }) => id).filter((id) => !left.has(id));
    await letters.markRetried(accepted, clock.now());
    return {
      accepted: accepted.length,
      duplicates: receipts.reduce(
        (sum, { duplicates }) => sum + duplicates,
        tries.filter(isStored).length,
      ),
      rejected,
      last: pending.at(-1)?.id ?? null,
    };
  };
}

const bytesOf = (letters: readonly Letter[]): number =>
  letters.reduce((sum, { raw_base64 }) => sum + raw_base64.length, 0);

interface Try extends ReadLetter {
  readonly letter: Letter;
}

const idOf = ({ event }: Try): readonly string[] =>
  event instanceof Refusal || typeof event.event_id !== 'string' ? [] : [event.event_id];

/** A batch has one time of arrival, by which its timestamps are judged. */
function groupsOf(tries: readonly Try[]): readonly (readonly Try[])[] {
  const groups = new Map<number, Try[]>();
  for (const one of tries) {
    const group = groups.get(one.receivedAt);
    if (group === undefined) groups.set(one.receivedAt, [one]);
    else group.push(one);
  }
  return [...groups.values()];
}

const batchOf = (group: readonly Try[]) => ({
  protocol: 'native' as const,
  events: group.map(({ event }) => event),
  plainStrings: false,
  raw: (index: number) => Buffer.from(group[index]?.letter.raw_base64 ?? '', 'base64'),
  ...(group[0] === undefined ? {} : { receivedAt: group[0].receivedAt }),
  // The log has had what the store refused, and would drop it.
  keyOf: (index: number) => {
    const letter = group[index]?.letter;
    return letter?.code === 'store_refused' ? placeKey(letter) : undefined;
  },
});

const rejectedOf = ({
  group,
  rejected,
}: CountedReceipt & { readonly group: readonly Try[] }): readonly RejectedLetter[] =>
  rejected.flatMap(({ index, code, message }) => {
    const letter = group[index]?.letter;
    return letter === undefined ? [] : [{ id: letter.id, code, message }];
  });
