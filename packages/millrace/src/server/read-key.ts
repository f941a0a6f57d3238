/** A read key as the settings give it. */
export interface ReadKey {
  readonly key: string;
  /** The tables that it may ask; null for all. */
  readonly tables: readonly string[] | null;
}

/** What follows a key that has a list. No key of any generator ends like that. */
const listed = /^(.*):tables=(.*)$/s;
const tableNames = /^\w+(?:\+\w+)*$/;

/** `KEY`, or `KEY:tables=events+revenue`; null if it is neither. */
export function readKey(text: string): ReadKey | null {
  const [, key, tables] = listed.exec(text) ?? [];
  if (key === undefined || tables === undefined) return { key: text, tables: null };
  return key !== '' && tableNames.test(tables) ? { key, tables: tables.split('+') } : null;
}

/** The key that a command of this machine asks with: one that may ask everything, if there is one. */
export function commandKey(texts: readonly string[]): string | undefined {
  const keys = texts.map(readKey).filter((key) => key !== null);
  return (keys.find(({ tables }) => tables === null) ?? keys[0])?.key;
}
