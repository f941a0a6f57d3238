import { isKeyword, isMark, type Token } from './tokens.ts';

/** A statement without the clauses that concern the answer and not the question. */
export interface StatementParts {
  readonly tokens: readonly Token[];
  /** Where the question ends in the text. */
  readonly end: number;
  readonly format: string | null;
  readonly settings: readonly SettingClause[];
}

export interface SettingClause {
  readonly name: Token;
  /** Without quotes. */
  readonly value: string;
}

/** Takes `FORMAT name` and `SETTINGS a = 1, …` off the end, in either order. */
export function splitStatement(tokens: readonly Token[]): StatementParts {
  let rest = tokens;
  let format: string | null = null;
  let settings: readonly SettingClause[] | null = null;
  for (;;) {
    const tail: Token | undefined = rest.at(-1);
    if (
      format === null &&
      tail?.kind === 'word' &&
      isKeyword(rest.at(-2), 'FORMAT') &&
      rest.length > 2
    ) {
      format = tail.text;
      rest = rest.slice(0, -2);
      continue;
    }
    const clause: SettingsTail | null = settings === null ? settingsTail(rest) : null;
    if (clause === null) break;
    settings = clause.settings;
    rest = rest.slice(0, clause.start);
  }
  return { tokens: rest, end: rest.at(-1)?.end ?? 0, format, settings: settings ?? [] };
}

interface SettingsTail {
  readonly start: number;
  readonly settings: readonly SettingClause[];
}

function settingsTail(tokens: readonly Token[]): SettingsTail | null {
  const start = tokens.findLastIndex((token) => isKeyword(token, 'SETTINGS'));
  if (start < 1) return null;
  const settings: SettingClause[] = [];
  let at = start + 1;
  for (;;) {
    const name = tokens[at];
    const value = tokens[at + 2];
    if (name?.kind !== 'word' || !isMark(tokens[at + 1], '=')) return null;
    if (value?.kind !== 'word' && value?.kind !== 'string') return null;
    settings.push({ name, value: value.kind === 'string' ? value.text.slice(1, -1) : value.text });
    at += 3;
    if (at === tokens.length) return { start, settings };
    if (!isMark(tokens[at], ',')) return null;
    at += 1;
  }
}

/** Names defined by `WITH name AS (…)`: the engine's tree does not show them. */
export function commonTableNames(tokens: readonly Token[]): Set<string> {
  const names = new Set<string>();
  tokens.forEach((token, at) => {
    if (token.kind !== 'word' && token.kind !== 'quoted') return;
    if (
      !isKeyword(tokens[at - 1], 'WITH') &&
      !isKeyword(tokens[at - 1], 'RECURSIVE') &&
      !isMark(tokens[at - 1], ',')
    )
      return;
    let next = at + 1;
    if (isMark(tokens[next], '(')) {
      while (next < tokens.length && !isMark(tokens[next], ')')) next += 1;
      next += 1;
    }
    if (isKeyword(tokens[next], 'AS') && isMark(tokens[next + 1], '(')) names.add(token.text);
  });
  return names;
}
