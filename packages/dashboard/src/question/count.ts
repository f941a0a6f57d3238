/** Whether it is a whole number from 1 to `max`. */
export const isCount = (count: number, max: number): boolean =>
  Number.isInteger(count) && count >= 1 && count <= max;

/** What an address says, if it is a whole number from 1 to `max`. */
export function readCount(text: string | null, max: number): number | undefined {
  const count = Number(text);
  return isCount(count, max) ? count : undefined;
}
