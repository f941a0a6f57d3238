/*
 * A heartbeat is a record of the clean log that is no event. It says up to when
 * all that was in the raw log lies before it, so that whoever reads the clean log
 * knows how far it is when nothing comes, and what may come yet when something does.
 */

/** The only member of its JSON: epoch ms. */
export const heartbeatField = 'heartbeat';

/** @param rawUntilMs everything that was in the raw log by then lies before it. */
export const heartbeatLine = (rawUntilMs: number): string =>
  JSON.stringify({ [heartbeatField]: rawUntilMs });

/** What such a line says. */
export function rawUntilMsIn(line: string): number {
  const { [heartbeatField]: ms }: { readonly [heartbeatField]?: number } = JSON.parse(line);
  if (ms === undefined) throw new Error(`${line} is no heartbeat`);
  return ms;
}
