/** Russian has three forms after a number: 1 событие, 2 события, 5 событий. */
export function ruPlural(count: number, one: string, few: string, many: string): string {
  const forms: { readonly [rule: string]: string } = { one, few };
  return forms[new Intl.PluralRules('ru').select(count)] ?? many;
}
