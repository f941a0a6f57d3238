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
  readonly name: string;
  readonly value: string;
}

/** Takes `FORMAT name` and `SETTINGS a = 1, …` off the end, in either order. */
export function splitStatement(tokens: readonly Token[]): StatementParts {
  let rest = tokens;
  let format: string | null = null;
  let settings: readonly SettingClause[] | null = null;
  for (;;) {
    const formatTail: string | null = format === null ? formatClause(rest) : null;
    if (formatTail !== null) {
      format = formatTail;
      rest = rest.slice(0, -2);
      continue;
    }
    const settingsTail: SettingsTail | null = settings === null ? settingsClause(rest) : null;
    if (settingsTail === null) break;
    settings = settingsTail.settings;
    rest = rest.slice(0, settingsTail.start);
  }
  return { tokens: rest, end: rest.at(-1)?.end ?? 0, format, settings: settings ?? [] };
}

function formatClause(tokens: readonly Token[]): string | null {
  const name = tokens.at(-1);
  const isName = name?.kind === 'word' || name?.kind === 'quoted';
  return tokens.length > 2 && isName && isKeyword(tokens.at(-2), 'FORMAT') ? name.text : null;
}

interface SettingsTail {
  readonly start: number;
  readonly settings: readonly SettingClause[];
}

function settingsClause(tokens: readonly Token[]): SettingsTail | null {
  const start = tokens.findLastIndex((token) => isKeyword(token, 'SETTINGS'));
  if (start < 1) return null;
  const settings: SettingClause[] = [];
  for (let at = start + 1; ; at += 4) {
    const name = tokens[at];
    const value = tokens[at + 2];
    if (name?.kind !== 'word' || !isMark(tokens[at + 1], '=')) return null;
    if (value?.kind !== 'word' && value?.kind !== 'string') return null;
    settings.push({
      name: name.text,
      value: value.kind === 'string' ? value.text.slice(1, -1) : value.text,
    });
    if (at + 3 === tokens.length) return { start, settings };
    if (!isMark(tokens[at + 3], ',')) return null;
  }
}

/**
 * Names that may be those of `WITH name AS (…)`, which the engine's tree does
 * not show. Some may be too many, none is missing.
 */
export function commonTableNames(tokens: readonly Token[]): Set<string> {
  const names = new Set<string>();
  tokens.forEach((token, at) => {
    if (token.kind !== 'word' && token.kind !== 'quoted') return;
    let next = at + 1;
    if (isMark(tokens[next], '(')) {
      while (next < tokens.length && !isMark(tokens[next], ')')) next += 1;
      next += 1;
    }
    if (!isKeyword(tokens[next], 'AS')) return;
    next += 1;
    if (isKeyword(tokens[next], 'NOT')) next += 1;
    if (isKeyword(tokens[next], 'MATERIALIZED')) next += 1;
    if (isMark(tokens[next], '(')) names.add(token.text);
  });
  return names;
}
