import type { Person } from '../ports/forget-progress.ts';

/** A dead letter, as far as it matters whose it is. */
export interface LetterText {
  readonly protocol: string;
  readonly raw: string;
}

/**
 * Whether what was sent names the person: an id is a text of its JSON, whatever
 * the member is called; or a word of it, where it is a row of a file or no JSON.
 */
export function letterNames({ protocol, raw }: LetterText, person: Person): boolean {
  const ids = [person.userId, person.anonymousId].filter((id) => id !== null);
  if (protocol !== 'import') {
    const value = jsonOf(raw);
    if (value !== undefined) return ids.some((id) => holds(value, id));
  }
  return ids.some((id) => hasWord(raw, id));
}

function jsonOf(raw: string): unknown {
  try {
    return JSON.parse(raw);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Members that senders may give a number, of those that name a person. */
const idMembers: readonly string[] = ['user_id', 'userId', 'anonymous_id', 'anonymousId'];

/** However deep it is: what is nested deeper than anything may be is a letter for just that. */
function holds(whole: unknown, id: string): boolean {
  const open = [whole];
  while (open.length > 0) {
    const value = open.pop();
    if (value === id) return true;
    if (typeof value !== 'object' || value === null) continue;
    for (const [name, member] of Object.entries(value)) {
      const isId = typeof member === 'number' && idMembers.includes(name);
      open.push(isId ? String(member) : member);
    }
  }
  return false;
}

function hasWord(text: string, id: string): boolean {
  for (let at = text.indexOf(id); at >= 0; at = text.indexOf(id, at + 1)) {
    const around = [text[at - 1], text[at + id.length]];
    if (!around.some((character) => character !== undefined && /[\p{L}\p{N}_-]/u.test(character)))
      return true;
  }
  return false;
}
