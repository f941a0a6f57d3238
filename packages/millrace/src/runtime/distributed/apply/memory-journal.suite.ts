import type { Journal, JournalEntry } from '../../../adapters/kafka/journal.ts';

/** As the topic is: one order, one clock. */
export const memoryJournal = (): Journal & { readonly entries: readonly JournalEntry[] } => {
  const entries: JournalEntry[] = [];
  return {
    entries,
    read: async () => [...entries],
    append: async (line) => {
      entries.push({ offset: entries.length, atMs: Date.now(), line });
    },
    close: async () => {},
  };
};
