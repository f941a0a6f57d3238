import { Moment } from '../../parts/moment.tsx';
import { Scrolled } from '../../parts/scrolled.tsx';
import { valueText } from '../../parts/value-text.ts';
import { grouped, none } from '../../words/numbers.ts';
import type { EventRecord } from './ask-events.ts';
import { Values } from './values.tsx';
import { eventsWords } from './words.ts';

interface EventCardProps {
  readonly event: EventRecord;
  readonly isOpen: boolean;
}

/** A stored event: a line, and its whole record when it is opened. */
export function EventCard({ event, isOpen }: EventCardProps) {
  const t = eventsWords();
  const { type, timestamp, late, user_id, anonymous_id, session_id } = event;
  return (
    <details class="card" open={isOpen}>
      <summary>
        <Moment at={timestamp} /> <strong>{type}</strong>{' '}
        {late && <span class="mark">{t.late}</span>}{' '}
        <span class="quiet">{user_id ?? anonymous_id ?? session_id ?? ''}</span>
      </summary>
      <Record event={event} />
      <h2>{t.properties}</h2>
      <Values values={event.properties} />
      {Object.keys(event.context).length > 0 && (
        <>
          <h2>{t.context}</h2>
          <Values values={event.context} />
        </>
      )}
      <h2>{t.rollups}</h2>
      <CountedBy event={event} />
    </details>
  );
}

function Record({ event }: { readonly event: EventRecord }) {
  const t = eventsWords();
  const ids = [
    [t.event_id, event.event_id],
    [t.user_id, event.user_id],
    [t.anonymous_id, event.anonymous_id],
    [t.session_id, event.session_id],
  ] as const;
  const times = [
    [t.timestamp, event.timestamp],
    [t.receivedAt, event.received_at],
    [t.appendedAt, event.appended_at],
  ] as const;
  return (
    <dl class="record">
      {ids.map(
        ([name, id]) =>
          id !== null && (
            <div key={name}>
              <dt>{name}</dt>
              <dd>
                <code>{id}</code>
              </dd>
            </div>
          ),
      )}
      {times.map(([name, at]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            <Moment at={at} />
          </dd>
        </div>
      ))}
      <div>
        <dt>{t.place}</dt>
        <dd>{t.placeOf(event.partition, grouped(event.offset))}</dd>
      </div>
      <div>
        <dt>{t.isLate}</dt>
        <dd>{event.late ? t.yesLate : t.notLate}</dd>
      </div>
    </dl>
  );
}

function CountedBy({ event: { event_id, rollups } }: { readonly event: EventRecord }) {
  const t = eventsWords();
  if (rollups.length === 0) return <p class="quiet">{t.noRollups}</p>;
  return (
    <Scrolled label={`${t.rollups}: ${event_id}`}>
      <table>
        <thead>
          <tr>
            <th scope="col">{t.rollup}</th>
            <th scope="col">{t.bucket}</th>
            <th scope="col">{t.dimensions}</th>
            <th scope="col">{t.keptUntil}</th>
          </tr>
        </thead>
        <tbody>
          {rollups.map(({ rollup, version, bucket, dimensions, kept_until }) => (
            <tr key={rollup}>
              <th scope="row">
                {rollup} v{version}
              </th>
              <td>{bucket.replace('T', ' ').replace('Z', '')}</td>
              <td>
                {Object.entries(dimensions)
                  .map(([name, value]) => `${name}: ${value === null ? none : valueText(value)}`)
                  .join(', ')}
              </td>
              <td>{kept_until === null ? t.forever : <Moment at={kept_until} />}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scrolled>
  );
}
