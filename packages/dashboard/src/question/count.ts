/** What was typed, or what an address says, if it is a whole number from 1 to `max`. */
export function readCount(text: string | null, max: number): number | undefined {
  const count = Number(text);
  return Number.isInteger(count) && count >= 1 && count <= max ? count : undefined;
}
