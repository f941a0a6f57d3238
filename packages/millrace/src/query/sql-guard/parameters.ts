import { placeAt, SqlRefusal } from './refusal.ts';
import { isMark, type Token } from './tokens.ts';

/** Values for `{name:Type}` placeholders, as text in ClickHouse's escaped (TSV) form. */
export interface ParameterTexts {
  readonly [name: string]: string;
}

/**
 * The settings that give a statement's placeholders their values. They are set
 * as `SET param_name = …` sets them, so that the engine reads the text exactly
 * as its own HTTP interface does.
 *
 * @throws SqlRefusal for `{name:Identifier}`, which would put a name into the
 *   statement that could not be seen in it.
 */
export function parameterSettings(
  tokens: readonly Token[],
  source: string,
  texts: ParameterTexts,
): { [setting: string]: string } {
  const settings: { [setting: string]: string } = {};
  tokens.forEach((token, at) => {
    if (!isMark(token, '{') || !isMark(tokens[at + 2], ':')) return;
    const name = tokens[at + 1];
    if (tokens[at + 3]?.text.toUpperCase() === 'IDENTIFIER') {
      throw new SqlRefusal(
        'ACCESS_DENIED',
        'Identifier parameters are not allowed',
        placeAt(source, token.start),
      );
    }
    if (name?.kind !== 'word' || !Object.hasOwn(texts, name.text)) return;
    settings[`param_${name.text}`] = texts[name.text] ?? '';
  });
  return settings;
}
