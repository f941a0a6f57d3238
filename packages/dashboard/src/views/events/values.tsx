import { valueText } from '../../parts/value-text.ts';
import { eventsWords } from './words.ts';

/** What an event holds, by name. */
export function Values({ values }: { readonly values: { readonly [name: string]: unknown } }) {
  const entries = Object.entries(values);
  if (entries.length === 0) return <p class="quiet">{eventsWords().noProperties}</p>;
  return (
    <dl class="values">
      {entries.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{valueText(value)}</dd>
        </div>
      ))}
    </dl>
  );
}
