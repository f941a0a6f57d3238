import { useRef } from 'preact/hooks';
import { soughtBys } from '../../../../millrace/dist/plan/sought-events.js';
import { setParams } from '../../address.ts';
import { key } from '../../api/key.ts';
import { useAsked } from '../../api/use-asked.ts';
import { Moment } from '../../parts/moment.tsx';
import { Answered, Empty } from '../../parts/states.tsx';
import { askEvents, type FoundEvents, type Search, searchOf } from './ask-events.ts';
import { EventCard } from './event-card.tsx';
import { PageButtons } from './page-buttons.tsx';
import { eventsWords } from './words.ts';

export function Find({ params }: { readonly params: URLSearchParams }) {
  const search = searchOf(params);
  return (
    <>
      <FindForm search={search} />
      {search === null ? (
        <Empty>{eventsWords().hint}</Empty>
      ) : (
        <Found key={params.toString()} search={search} />
      )}
    </>
  );
}

function FindForm({ search }: { readonly search: Search | null }) {
  const t = eventsWords();
  const by = useRef<HTMLSelectElement>(null);
  const value = useRef<HTMLInputElement>(null);
  return (
    <form
      class="fields"
      onSubmit={(event) => {
        event.preventDefault();
        setParams(
          new URLSearchParams({
            by: by.current?.value ?? 'event_id',
            value: value.current?.value ?? '',
          }),
        );
      }}
    >
      <label>
        {t.by}
        <select ref={by} value={search?.by ?? 'event_id'}>
          {soughtBys.map((each) => (
            <option key={each} value={each}>
              {t[each]}
            </option>
          ))}
        </select>
      </label>
      <label>
        {t.value}
        <input ref={value} type="search" required value={search?.value ?? ''} />
      </label>
      <button type="submit" class="primary">
        {t.search}
      </button>
    </form>
  );
}

function Found({ search }: { readonly search: Search }) {
  const asked = useAsked((signal) => askEvents(search, signal), [key.value]);
  return <Answered asked={asked}>{(found) => <Page search={search} found={found} />}</Answered>;
}

function Page({ search, found }: { readonly search: Search; readonly found: FoundEvents }) {
  const t = eventsWords();
  const { by, value, before } = search;
  const { events, next, as_of } = found;
  const turn = (to: string | null): void =>
    setParams(new URLSearchParams({ by, value, ...(to === null ? {} : { before: to }) }));
  return (
    <>
      {events.length === 0 && (
        <Empty>
          <p>{t.none(by, value)}</p>
          {as_of !== null && (
            <p class="quiet">
              {t.storedUntil} <Moment at={as_of} />
            </p>
          )}
        </Empty>
      )}
      <ol class="event-cards">
        {events.map((event) => (
          <li key={`${event.partition}/${event.offset}`}>
            <EventCard event={event} isOpen={events.length === 1} />
          </li>
        ))}
      </ol>
      <PageButtons before={before} next={next} onTurn={turn} />
    </>
  );
}
