import { words } from '../../words/words.ts';

export const flowWords = words(
  {
    title: 'The way of events',
    collector: 'Collector',
    accepted: 'accepted',
    log: 'Log',
    lag: 'until queryable',
    store: 'Store',
    stored: 'stored',
    refused: 'refused, kept',
    duplicates: 'duplicates stopped',
    late: 'late, counted',
    told: (
      accepted: string,
      duplicates: string,
      refused: string,
      stored: string,
      late: string,
      lag: string,
    ) =>
      `Of the events that came, ${refused} were refused and kept, and ${accepted} accepted. Of these, ${duplicates} were duplicates and stopped at the log, and ${stored} are stored, ${late} of them late. From log to store it takes ${lag}.`,
  },
  {
    title: 'Путь событий',
    collector: 'Сборщик',
    accepted: 'принято',
    log: 'Журнал',
    lag: 'до запроса',
    store: 'Хранилище',
    stored: 'сохранено',
    refused: 'отклонено, хранится',
    duplicates: 'повторов отсеяно',
    late: 'опоздало, учтено',
    told: (accepted, duplicates, refused, stored, late, lag) =>
      `Из пришедших событий отклонено и хранится ${refused}, принято ${accepted}. Из принятых повторов отсеяно у журнала ${duplicates}, сохранено ${stored}, из них опоздало ${late}. От журнала до хранилища: ${lag}.`,
  },
);
