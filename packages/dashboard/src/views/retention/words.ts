import { words } from '../../words/words.ts';

export const retentionWords = words(
  {
    title: 'Retention',
    first: 'Begins with',
    back: 'Comes back with',
    every: 'Cohorts',
    day: 'daily',
    week: 'weekly',
    month: 'monthly',
    periods: 'Periods',
    table: 'Who came back, by cohort and period',
    cohort: 'Cohort',
    all: 'All cohorts',
    dayNumber: (number: string) => `Day ${number}`,
    weekNumber: (number: string) => `Week ${number}`,
    monthNumber: (number: string) => `Month ${number}`,
    explained:
      'A cohort is of all whose first event lies in it. Period 0 is the cohort’s own; a period that has not begun is empty.',
  },
  {
    title: 'Удержание',
    first: 'Начинает с',
    back: 'Возвращается с',
    every: 'Когорты',
    day: 'по дням',
    week: 'по неделям',
    month: 'по месяцам',
    periods: 'Периодов',
    table: 'Кто вернулся, по когортам и периодам',
    cohort: 'Когорта',
    all: 'Все когорты',
    dayNumber: (number) => `День ${number}`,
    weekNumber: (number) => `Неделя ${number}`,
    monthNumber: (number) => `Месяц ${number}`,
    explained:
      'В когорте все, чьё первое событие лежит в ней. Период 0 — сама когорта; период, который ещё не начался, пуст.',
  },
);
