import { words } from '../../words/words.ts';

export const exploreWords = words(
  {
    title: 'Explore',
    sample: 'From a sample',
    askSample: 'Ask a sample',
    sampled: (share: string, slices: string, length: string) =>
      `A sample: ${share} of the time was read, ${slices} slices of ${length} each. The true value lies from _low to _high in 95 of 100 answers.`,
    exact: 'All was read after all: this is exact.',
    low: (name: string) => `${name}, at least (95%)`,
    high: (name: string) => `${name}, at most (95%)`,
  },
  {
    title: 'Исследование',
    sample: 'По выборке',
    askSample: 'Спросить по выборке',
    sampled: (share, slices, length) =>
      `Выборка: прочитано ${share} времени, отрезков: ${slices}, длина каждого: ${length}. Истинное значение лежит от _low до _high в 95 ответах из 100.`,
    exact: 'Прочитано всё: ответ точный.',
    low: (name) => `${name}, не меньше (95 %)`,
    high: (name) => `${name}, не больше (95 %)`,
  },
);
