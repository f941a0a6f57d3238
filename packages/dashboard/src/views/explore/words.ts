import { words } from '../../words/words.ts';

export const exploreWords = words(
  {
    title: 'Explore',
    form: 'The question',
    answer: 'The answer',
    noEvents: 'This pipeline defines no events to ask about.',
  },
  {
    title: 'Исследование',
    form: 'Вопрос',
    answer: 'Ответ',
    noEvents: 'В этом конвейере нет событий, о которых можно спросить.',
  },
);
