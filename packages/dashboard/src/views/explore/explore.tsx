import { Refused } from '../../api/ask.ts';
import { useAsked } from '../../api/use-asked.ts';
import { Answered } from '../../parts/states.tsx';
import { askQuestion } from '../../question/answer.ts';
import { QuestionCopies } from '../../question/question-copies.tsx';
import { questionForms } from '../../question/question-forms.ts';
import { questionView } from '../../question/question-view.tsx';
import { useAddressState } from '../../question/use-address-state.ts';
import type { ViewProps } from '../../view.ts';
import { ExploreAnswer } from './explore-answer.tsx';
import { ExploreForm } from './explore-form.tsx';
import {
  type ExploreState,
  everyOf,
  fitting,
  maySample,
  questionOf,
  readState,
  writeState,
} from './state.ts';
import { exploreWords } from './words.ts';

/** Any question about events over time, put together by hand. */
export const explore = questionView({
  path: '/explore',
  title: () => exploreWords().title,
  Question: Explore,
});

const form = { read: readState, fitting, write: writeState };

function Explore({ pipeline }: ViewProps) {
  const { state, written, change } = useAddressState<ExploreState>(form, pipeline);
  const asked = useAsked(
    async (signal) => {
      const question = questionOf(state, pipeline, Date.now());
      return { state, question, answer: await askQuestion(question, signal) };
    },
    [written, pipeline],
  );
  return (
    <div class="question-view">
      <ExploreForm state={state} pipeline={pipeline} onChange={change} onAgain={asked.again} />
      <Answered
        asked={asked}
        offer={
          isTooCostly(asked.error) && !state.sample && maySample(state) ? (
            <button type="button" class="primary" onClick={() => change({ sample: true })}>
              {exploreWords().askSample}
            </button>
          ) : null
        }
      >
        {({ state: answered, question, answer }) => (
          <>
            <ExploreAnswer state={answered} answer={answer} every={everyOf(answered)} />
            <QuestionCopies forms={questionForms('query', question, answer)} />
          </>
        )}
      </Answered>
    </div>
  );
}

const isTooCostly = (error: unknown): boolean =>
  error instanceof Refused && error.code === 'question_too_costly';
