import type { ComponentType } from 'preact';
import { Empty } from '../parts/states.tsx';
import type { View, ViewProps } from '../view.ts';
import { questionWords } from './words.ts';

interface QuestionViewOptions extends Pick<View, 'path' | 'title'> {
  readonly Question: ComponentType<ViewProps>;
}

/** A view that asks about events: there must be some. */
export const questionView = ({ path, title, Question }: QuestionViewOptions): View => ({
  path,
  title,
  Content: ({ pipeline }) =>
    pipeline.events.length === 0 ? (
      <Empty>{questionWords().noEvents}</Empty>
    ) : (
      <Question pipeline={pipeline} />
    ),
});
