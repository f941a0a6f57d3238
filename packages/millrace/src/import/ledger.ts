/** What the log remembers of one import, for ever: its marks. */
export interface ImportKey {
  /** Digest of the file's content. */
  readonly file: string;
  /** Digest of the mapping file. */
  readonly mapping: string;
}

export interface ImportState {
  readonly mapping: string;
  /** Rows taken, in the order of the import. */
  readonly position: number;
  /** True once `position` is all rows of the file. */
  readonly finished: boolean;
}

const prefix = 'import/';

/** The producer whose mark is the number of rows taken. */
export const rowsTaken = ({ file, mapping }: ImportKey): string => `${prefix}${file}/${mapping}`;

/** The producer whose mark, once there, is the number of rows of the whole file. */
export const rowsOfFile = (key: ImportKey): string => `${rowsTaken(key)}/all`;

/** The imports of one file, whatever its mapping was. */
export function importsOf(file: string, marks: ReadonlyMap<string, number>): ImportState[] {
  const states: ImportState[] = [];
  const start = `${prefix}${file}/`;
  for (const [producer, position] of marks) {
    if (!producer.startsWith(start)) continue;
    const mapping = producer.slice(start.length);
    if (mapping.includes('/')) continue;
    const finished = marks.get(rowsOfFile({ file, mapping })) === position;
    states.push({ mapping, position, finished });
  }
  return states;
}
