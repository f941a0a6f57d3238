import { words } from '../../words/words.ts';

export const exploreWords = words(
  {
    title: 'Explore',
  },
  {
    title: 'Исследование',
  },
);
