import { valueText } from '../../parts/value-text.ts';
import { locale } from '../../words/language.ts';
import type { EventRow } from './event-row.ts';
import { liveWords } from './words.ts';

const valueMax = 120;

export function EventList({ events }: { readonly events: readonly EventRow[] }) {
  return (
    <>
      {events.length === 0 && (
        <p id="events-empty" class="quiet">
          {liveWords().noEvents}
        </p>
      )}
      <ol id="events">
        {events.map((event) => (
          <Item key={event.event_id} {...event} />
        ))}
      </ol>
    </>
  );
}

function Item({ event_id, type, ms, late, who, properties }: EventRow) {
  const at = new Date(Number(ms));
  return (
    <li title={`event_id ${event_id}`}>
      <time dateTime={at.toISOString()}>
        {at.toLocaleTimeString(locale.value, { hour12: false })}
      </time>
      <span class="type">
        {type} {late && <span class="late">{liveWords().lateMark}</span>}
      </span>
      <span class="who">{who ?? ''}</span>
      <span class="properties">
        {Object.entries(properties)
          .filter(([, value]) => value !== null && !(Array.isArray(value) && value.length === 0))
          .map(([name, value]) => (
            <span key={name}>
              <b>{nameOf(name)} </b>
              {short(value)}
            </span>
          ))}
      </span>
    </li>
  );
}

/** The store writes a dot within a name as %2E. */
const nameOf = (name: string): string => name.replaceAll('%2E', '.');

function short(value: unknown): string {
  const text = valueText(value);
  return text.length > valueMax ? `${text.slice(0, valueMax)}…` : text;
}
