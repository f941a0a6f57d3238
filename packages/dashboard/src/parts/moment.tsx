import { language } from '../words/language.ts';

/** A time to the millisecond, as the browser's own clock and the language write it. */
export function Moment({ at }: { readonly at: string }) {
  const format = new Intl.DateTimeFormat(language.value, {
    year: 'numeric',
    month: 'short',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    fractionalSecondDigits: 3,
    hour12: false,
  });
  return <time dateTime={at}>{format.format(new Date(at))}</time>;
}
