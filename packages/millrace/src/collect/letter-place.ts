/** Where a dead letter lies in the log of dead letters. */
export interface LetterPlace {
  readonly partition: number;
  readonly offset: number;
}

/** The place that an id as `0/17` names; null if it names none. */
export function letterPlace(id: string): LetterPlace | null {
  const [, partition, offset] = /^(\d{1,9})\/(\d{1,15})$/.exec(id) ?? [];
  if (partition === undefined || offset === undefined) return null;
  return { partition: Number(partition), offset: Number(offset) };
}
