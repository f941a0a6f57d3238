import { MillraceError } from '../errors.ts';

/** Who asks, by what their key may ask. */
export interface Reader {
  /** Tables by the names that SQL knows them by: `events`, `dead_letters`, rollups, windows. Null for all. */
  readonly tables: ReadonlySet<string> | null;
}

export const unlimitedReader: Reader = { tables: null };

export const mayAsk = ({ tables }: Reader, table: string): boolean =>
  tables === null || tables.has(table);

/** @throws MillraceError `read_key_limited`. */
export function requireTable(reader: Reader, table: string): void {
  if (!mayAsk(reader, table)) throw readKeyLimited(reader, `not ${table}`);
}

/** @throws MillraceError `read_key_limited`. */
export function requireUnlimited(reader: Reader, what: string): void {
  if (reader.tables !== null) throw readKeyLimited(reader, `not ${what}`);
}

/** @param refused what the key may not, or why what it may does not do. */
export const readKeyLimited = ({ tables }: Reader, refused: string): MillraceError =>
  new MillraceError(
    'read_key_limited',
    `This read key may ask ${[...(tables ?? [])].join(', ')} alone, ${refused}.`,
  );
