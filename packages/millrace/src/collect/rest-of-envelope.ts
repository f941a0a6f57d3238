import { isRecord } from './is-record.ts';
import { Refusal } from './refusals.ts';

/**
 * The context of an event, with those fields of its envelope beside it that
 * have no place of their own, so that nothing a sender says is lost. Of equal
 * names the context's own wins.
 *
 * @param around the context of the whole batch, if it had one.
 * @returns what came, where it is no object: it is refused for it later.
 */
export function contextWithRest(
  envelope: Record<string, unknown>,
  taken: ReadonlySet<string>,
  context: unknown,
  around?: unknown,
): unknown {
  if (Object.hasOwn(envelope, '__proto__')) {
    return new Refusal('reserved_key', 'The event has the name __proto__.');
  }
  if (context !== undefined && context !== null && !isRecord(context)) return context;
  let rest: Record<string, unknown> | undefined;
  for (const name in envelope) {
    if (taken.has(name)) continue;
    rest ??= {};
    rest[name] = envelope[name];
  }
  if (rest === undefined && !isRecord(around)) return context;
  return { ...(isRecord(around) ? around : {}), ...rest, ...context };
}
