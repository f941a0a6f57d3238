import type { KafkaAddress } from '../../adapters/kafka/brokers.ts';
import { markRecord, readMarks } from '../../adapters/kafka/mark-topic.ts';
import { TransactionSession } from '../../adapters/kafka/transaction-session.ts';
import type { TopicNames } from '../../compile/kafka/topics.ts';
import { MillraceError } from '../../errors.ts';
import { type ImportKey, rowsTaken } from '../../import/ledger.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ReachCrashPoint } from '../../ports/crash-points.ts';
import type { AppendReceipt, LogMark, LogRecord, LogWriter } from '../../ports/log.ts';
import { requireLines } from '../../ports/require-lines.ts';

export interface ImportLogOptions {
  readonly kafka: KafkaAddress;
  readonly topics: TopicNames;
  readonly clock: Clock;
  readonly reach: ReachCrashPoint;
}

/**
 * The raw log and the dead letters as one import writes them: the events of a
 * chunk, its dead letters and how far the import is then in one transaction.
 */
export interface ImportLog {
  /**
   * From here on no other process takes this import further, unless it begins it too.
   * Only then is it known how far it is: `events.marks()` says so.
   *
   * @throws MillraceError `log_unavailable`.
   */
  begin(key: ImportKey): Promise<void>;
  /** Every append has a mark. @throws MillraceError `log_unavailable`, `import_conflict`. */
  readonly events: LogWriter & { readonly end: number };
  /** Holds what it is given until the events of the same chunk are appended. */
  readonly deadLetters: LogWriter;
  close(): Promise<void>;
}

/** Some times what a chunk takes. What others write waits that long behind one that was killed. */
const transactionMsMax = 15_000;
const answerMsMax = 5_000;

export function importLog({ kafka, topics, clock, reach }: ImportLogOptions): ImportLog {
  let begun: ImportKey | undefined;
  let marks = new Map<string, number>();
  let session: TransactionSession | undefined;
  let letters: readonly LogRecord[] = [];
  let end = 0;

  /** What an earlier session left open is committed or aborted by then. */
  const openSession = async (): Promise<TransactionSession> => {
    if (begun === undefined) throw new Error('an import is begun first');
    const opened = await TransactionSession.begin({
      ...kafka,
      transactionalId: `${topics.imports}/${rowsTaken(begun)}`,
      timeoutMs: transactionMsMax,
      answerMsMax,
    });
    session = opened;
    marks = new Map(await readMarks({ ...kafka, topic: topics.imports }));
    return opened;
  };

  const write = async (
    records: readonly LogRecord[],
    refused: readonly LogRecord[],
    mark: LogMark,
  ): Promise<AppendReceipt> => {
    const before = marks.get(mark.producer);
    const open = session ?? (await openSession());
    const position = marks.get(mark.producer);
    if (position === before) {
      await open.commit(
        [
          { topic: topics.raw, records },
          { topic: topics.deadLetters, records: refused },
          { topic: topics.imports, records: [markRecord(mark)] },
        ],
        clock,
        () => reach('import-written'),
      );
      marks.set(mark.producer, mark.position);
      // Else these records are there: the answer got lost.
    } else if (position !== mark.position) {
      throw conflict(mark, position);
    }
    end += records.length;
    reach('log-appended');
    return { appended: records.length, duplicates: 0 };
  };

  /** A session is of no use after a failure. */
  const asked = async <Answer>(ask: () => Promise<Answer>): Promise<Answer> => {
    try {
      return await ask();
    } catch (cause) {
      // Its connections may never end well; nothing depends on how they do.
      session?.close().catch(() => {});
      session = undefined;
      if (cause instanceof MillraceError) throw cause;
      const what = 'Kafka did not take what an import has for it.';
      throw new MillraceError('log_unavailable', what, { cause });
    }
  };

  return {
    async begin(key) {
      begun = key;
      await asked(openSession);
    },
    events: {
      get end() {
        return end;
      },
      marks: () => marks,
      async append(records, { mark } = {}) {
        if (mark === undefined) throw new Error('an import says how far it is');
        requireLines(records);
        const refused = letters;
        letters = [];
        return asked(() => write(records, refused, mark));
      },
    },
    deadLetters: {
      marks: () => new Map(),
      async append(records) {
        requireLines(records);
        letters = records;
        return { appended: records.length, duplicates: 0 };
      },
    },
    async close() {
      await session?.close();
    },
  };
}

const conflict = ({ producer, position }: LogMark, found = 0): MillraceError =>
  new MillraceError(
    'import_conflict',
    `Another process took ${producer} to row ${found} while this one was at ${position}.`,
  );
