import { words } from '../words/words.ts';

/** Of questions that follow people. */
export const peopleWords = words(
  {
    anyEvent: 'Any event',
    per: 'Followed by',
    user_id: 'user',
    anonymous_id: 'anonymous id',
    session_id: 'session',
    durationHint: 'As 30m, 24h, 7d',
    people: 'People',
    median: 'Median',
    nineTenths: '90 %',
  },
  {
    anyEvent: 'Любое событие',
    per: 'Следить за',
    user_id: 'пользователем',
    anonymous_id: 'анонимным id',
    session_id: 'сеансом',
    durationHint: 'Как 30m, 24h, 7d',
    people: 'Люди',
    median: 'Медиана',
    nineTenths: '90 %',
  },
);
